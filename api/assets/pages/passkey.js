// Passkeys: what the API asks of this device, and what the device answers, as JSON both.

import { Problem } from "./graphql.js";

/** Whether this browser has passkeys and this page may use them: they are for names, not for bare addresses. */
export const offered =
  "PublicKeyCredential" in window && !/^(\d+\.){3}\d+$|^\[/.test(location.hostname);

/** Has the device make one; as it goes into the API. */
export const create = ({ id, options }) =>
  answer(id, () => navigator.credentials.create({ publicKey: readCreation(JSON.parse(options)) }));

/** Has the device use one that it keeps; as it goes into the API. */
export const use = ({ id, options }) =>
  answer(id, () => navigator.credentials.get({ publicKey: readRequest(JSON.parse(options)) }));

async function answer(challengeId, act) {
  try {
    return { challengeId, credential: JSON.stringify(write(await act())) };
  } catch (failure) {
    const code = failure.name === "InvalidStateError" ? "ALREADY_REGISTERED" : "PASSKEY_UNUSED";
    // Which of its reasons a browser does not say.
    if (failure instanceof DOMException) throw new Problem({ code });
    throw failure;
  }
}

// Browsers before 2025 read and write none of this by themselves.

function readCreation(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  const user = { ...json.user, id: bytes(json.user.id) };
  return { ...json, user, challenge: bytes(json.challenge), excludeCredentials: named(json.excludeCredentials) };
}

function readRequest(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) };
}

function write(credential) {
  if (credential.toJSON) return credential.toJSON();
  const response = { transports: credential.response.getTransports?.() };
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const value = credential.response[part];
    if (value) response[part] = base64(value);
  }
  const { id, rawId, type, authenticatorAttachment } = credential;
  const clientExtensionResults = credential.getClientExtensionResults();
  return { id, rawId: base64(rawId), type, authenticatorAttachment, clientExtensionResults, response };
}

const named = (credentials = []) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const base64 = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
