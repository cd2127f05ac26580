//! Who is an administrator, for the rules: whoever holds the built-in role everywhere, at that time.

/// The condition that a member `m` of the workspace `$1` is one, in SQL in which `now` stands for the time, as `$2`. Not
/// asked of each member anew: without statistics SQLite would look through all grants for each.
pub(super) fn administers(now: &str) -> String {
    format!(
        "m.id IN (SELECT g.member_id FROM grants g JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id \
         WHERE g.workspace_id = $1 AND g.closed_at IS NULL \
           AND g.valid_from <= {now} AND (g.valid_until IS NULL OR g.valid_until > {now}) \
           AND g.channel_id IS NULL AND g.team_id IS NULL AND r.built_in = 'administrator')"
    )
}
