// What this tab remembers until it is closed. Where a browser keeps nothing, a page still works until it is left.

const here = new Map();

export function keep(key, value) {
  here.set(key, value);
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Storage is off or full.
  }
}

export function kept(key) {
  try {
    return sessionStorage.getItem(key) ?? here.get(key) ?? null;
  } catch {
    return here.get(key) ?? null;
  }
}

export function forget(key) {
  here.delete(key);
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Then nothing was kept.
  }
}
