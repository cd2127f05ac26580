//! What a message costs: its category, and why it is free when it is.

use super::thread::Thread;
use crate::calendar;
use crate::payload::Pricing;

/// Since this second service messages and in-window utility templates are charged: 2026-10-01, UTC.
const CHARGED_SINCE: u64 = 1_790_812_800;

/// How many free service messages a number has used this month.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FreeMessages {
    month: u64,
    used: u64,
}

/// The price of a message, and whether it needs a means to pay.
pub(crate) fn of(
    category: &str,
    thread: &Thread,
    now: u64,
    free: &mut FreeMessages,
    free_each_month: u64,
) -> Pricing {
    let priced = |kind: &str| Pricing { category: category.to_owned(), kind: kind.to_owned() };
    if thread.is_free_entry(now) {
        return priced("free_entry_point");
    }
    let charged = now / 1000 >= CHARGED_SINCE;
    match category {
        "service" if charged => {
            let month = calendar::month(now / 1000);
            if free.month != month {
                *free = FreeMessages { month, used: 0 };
            }
            free.used += 1;
            priced(if free.used <= free_each_month { "free_customer_service" } else { "regular" })
        }
        "service" => priced("free_customer_service"),
        "utility" if !charged && thread.is_open(now) => priced("free_customer_service"),
        _ => priced("regular"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::DAY;

    fn kinds(category: &str, thread: &Thread, at: u64, count: u64) -> Vec<String> {
        let mut free = FreeMessages::default();
        (0..count).map(|_| of(category, thread, at, &mut free, 2).kind).collect()
    }

    #[test]
    fn service_messages_are_free_for_a_number_of_times_since_they_cost_something() {
        let (before, after) = ((CHARGED_SINCE - 1) * 1000, CHARGED_SINCE * 1000);
        let mut thread = Thread::default();
        thread.hears(before, false);
        let free = "free_customer_service";
        assert_eq!(kinds("service", &thread, before, 3), [free, free, free]);
        assert_eq!(kinds("service", &thread, after, 3), [free, free, "regular"]);
        assert_eq!(kinds("utility", &thread, before, 1), [free]);
        assert_eq!(kinds("utility", &thread, after, 1), ["regular"]);
        assert_eq!(kinds("utility", &thread, before + 2 * DAY, 1), ["regular"]);
        assert_eq!(kinds("marketing", &thread, before, 1), ["regular"]);
    }

    #[test]
    fn everything_is_free_after_an_advertisement() {
        let mut thread = Thread::default();
        thread.hears(0, true);
        thread.answers(1, "wamid.A");
        assert_eq!(kinds("marketing", &thread, DAY, 1), ["free_entry_point"]);
    }
}
