//! That permissions are used, as an administrator sees it.

use portaria_domain::permission_use::PermissionUse as DomainUse;
use portaria_guard::guarded;

use super::permission::PermissionKey;
use super::time::DateTime;

pub struct PermissionUse(pub DomainUse);

/// That a permission was used: something was shown or done that would have been withheld without it. What every member may do is not
/// kept, nor where it was.
#[guarded]
impl PermissionUse {
    /// Which one. Of several that would each have done, it is the one that the most roles have.
    #[authenticated]
    fn permission(&self) -> PermissionKey {
        self.0.permission.into()
    }

    /// On which day first, since uses are recorded.
    #[authenticated]
    fn first_used_at(&self) -> DateTime {
        self.0.first_used_at.into()
    }

    /// On which day last: its first use on that day, which may be known some seconds late.
    #[authenticated]
    fn last_used_at(&self) -> DateTime {
        self.0.last_used_at.into()
    }
}
