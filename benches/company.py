"""Fills a database with a large company's people, sign-ins and activities of a year, by SQL alone, with some of what the
auditor looks for among them. Everything follows from the numbers of the rows: the same every time, but for the day.

The whole log waits to be sealed: the first audit does that.
"""

import hashlib
import sqlite3
import time

# Kinds of made-up ids.
USER, MEMBER, SIGN_IN, SESSION, ACTIVITY, GRANT, CONTACT, TEAM, KEY, KEY_GRANT, RESET, FACTOR, INVITATION = range(1, 14)
MINUTE, HOUR = 60 * 10**6, 3600 * 10**6
DAY = 24 * HOUR
WEEKS = 52
# Of a thousand members: so many come to work, so many stayed away for two months, so many never came; the rest have left.
AT_WORK, AWAY, NEVER = 940, 10, 3
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
]
PERMISSIONS = ["contact:read", "contact:read_phone", "conversation:claim", "conversation:resolve", "message:read",
               "message:send_text", "message:send_template", "template:read"]
ACTIONS = [("session.opened", 10), ("contact.phone_revealed", 20), ("conversation.claimed", 45), ("conversation.transferred", 55),
           ("conversation.resolved", 80), ("conversation.escalated", 82), ("conversation.given_back", 100)]
# Tables whose indexes are made after they are filled.
LARGE = ["activities", "sign_in_events", "sessions"]


class Company:
    """How many of everything, and when."""

    def __init__(self, scale):
        self.members = max(200, int(10_000 * scale))
        self.sign_ins, self.activities = 100 * self.members, 1000 * self.members
        self.at_work = self.members * AT_WORK // 1000
        self.away = self.at_work + self.members * AWAY // 1000
        self.never = self.away + max(1, self.members * NEVER // 1000)
        self.contacts = 10 * self.members
        today = int(time.time()) // 86400
        # A Monday, so that the last of the working days is yesterday or the Friday before.
        self.first_day = today - 7 * WEEKS - (today - 7 * WEEKS + 3) % 7
        self.start = self.first_day * DAY
        self.working_days = sum((day + 3) % 7 < 5 for day in range(self.first_day, today))
        self.yesterday = self.start + self.day(self.working_days - 1) * DAY
        self.before = self.start - 200 * DAY

    @staticmethod
    def day(working_day):
        return working_day // 5 * 7 + working_day % 5

    def figures(self):
        return f"{self.members:,} members, {self.sign_ins:,} sign-ins, {self.activities:,} activities"


def details_hash(salt, told, address):
    """As the log covers what may be erased."""
    fields = [("salt", salt), ("after", told and told.encode()), ("address", address.encode())]
    parts = [part for name, value in fields if value is not None for part in (name.encode(), value)]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class Sqlite:
    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        make = lambda kind, at, n: (at // 1000).to_bytes(6, "big") + (0x7000 | kind).to_bytes(2, "big") + (1 << 63 | n).to_bytes(8, "big")
        shown = lambda prefix, made: prefix + "_" + "".join(ALPHABET[int.from_bytes(made, "big") >> 5 * place & 31] for place in range(25, -1, -1))
        self.connection.create_function("details_hash", 3, details_hash, deterministic=True)
        self.connection.create_function("made_up_id", 3, make, deterministic=True)
        self.connection.create_function("made_up_bytes", 1, lambda n: n.to_bytes(32, "big"), deterministic=True)
        self.connection.create_function("shown_id", 2, shown, deterministic=True)
        # Filled fast, then measured with the settings of the program.
        for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000", "foreign_keys = OFF", "temp_store = FILE"]:
            self.connection.execute(f"PRAGMA {pragma}").fetchall()

    def execute(self, sql):
        self.connection.execute(sql)

    def rows(self, sql):
        return self.connection.execute(sql).fetchall()

    def begin(self):
        self.large = [row for table in LARGE for row in self.rows(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")]
        for name, _ in self.large:
            self.execute(f"DROP INDEX {name}")
        self.execute("BEGIN")

    def finish(self):
        self.execute("COMMIT")
        for _, sql in self.large:
            self.execute(sql)
        # No ANALYZE: nothing does that in a database of Portaria.
        self.execute("PRAGMA journal_mode = WAL")
        self.connection.close()

    id = staticmethod(lambda kind, at, n: f"made_up_id({kind}, {at}, {n})")
    bytes = staticmethod(lambda n: f"made_up_bytes({n})")
    shown = staticmethod(lambda prefix, made: f"shown_id('{prefix}', {made})")
    text = staticmethod(lambda n: f"CAST({n} AS TEXT)")
    true = staticmethod(lambda condition: f"({condition})")
    literal = staticmethod(lambda value: f"x'{value.hex()}'")

    @staticmethod
    def series(count):
        return f"(WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s) s"


class Postgres:
    # As the program shows ids: 26 digits of five bits.
    SHOWN = """CREATE FUNCTION shown_id(prefix text, made uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT prefix || '_' || string_agg(substr('%s', (bits::bit(5)::int) + 1, 1), '' ORDER BY place)
        FROM (SELECT place, substr('00' || ('x' || replace(made::text, '-', ''))::bit(128)::text, place * 5 + 1, 5) AS bits
              FROM generate_series(0, 25) AS place) digits $$""" % ALPHABET

    # As `details_hash` above.
    FIELD = """CREATE FUNCTION field(name text, value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
        SELECT int8send(length(name)) || convert_to(name, 'UTF8') || int8send(length(value)) || value $$"""
    HASH = """CREATE FUNCTION details_hash(salt bytea, told text, address text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
        SELECT sha256(field('salt', salt) || COALESCE(field('after', convert_to(told, 'UTF8')), ''::bytea)
            || field('address', convert_to(address, 'UTF8'))) $$"""

    def __init__(self, server, name):
        self.server, self.name, self.statements = server, name, []
        for function in [self.SHOWN, self.FIELD, self.HASH]:
            server.psql(name, function)

    def execute(self, sql):
        self.statements.append(sql)

    def rows(self, sql):
        return [line.split("|", 1) for line in self.server.psql(self.name, sql).splitlines()]

    def begin(self):
        of = " OR ".join(f"tablename = '{table}'" for table in LARGE)
        self.large = self.rows(f"""SELECT indexname, indexdef FROM pg_indexes WHERE ({of}) AND NOT EXISTS
            (SELECT 1 FROM pg_constraint WHERE conname = indexname)""")
        self.statements = ["SET session_replication_role = replica", "SET synchronous_commit = off", "SET maintenance_work_mem = '1GB'", "BEGIN"]
        self.statements += [f"DROP INDEX {name}" for name, _ in self.large]

    def finish(self):
        self.statements += [sql for _, sql in self.large] + ["COMMIT"]
        self.server.psql(self.name, ";\n".join(self.statements))
        # As autovacuum does in time.
        self.server.psql(self.name, "DROP FUNCTION shown_id, details_hash, field; VACUUM ANALYZE; CHECKPOINT".replace("; ", ";\n"))

    @staticmethod
    def id(kind, at, n):
        return f"(lpad(to_hex(({at}) / 1000), 12, '0') || '7{kind:03x}8' || lpad(to_hex(({n})::bigint), 15, '0'))::uuid"

    bytes = staticmethod(lambda n: f"decode(lpad(to_hex(({n})::bigint), 64, '0'), 'hex')")
    shown = staticmethod(lambda prefix, made: f"shown_id('{prefix}', {made})")
    text = staticmethod(lambda n: f"({n})::text")
    true = staticmethod(lambda condition: f"({condition})")
    literal = staticmethod(lambda value: f"'{value}'::uuid")
    series = staticmethod(lambda count: f"generate_series(1::bigint, {count}) AS s(n)")


def mixed(n, salt=0):
    """A number below 65,536 that shows no pattern in `n`."""
    return f"((({n}) * 2654435761 + {salt * 40_503}) % 4294967296 / 65536)"


def one_of(values, number):
    return "CASE " + number + " % " + str(len(values)) + "".join(
        f" WHEN {place} THEN '{value}'" for place, value in enumerate(values)) + " END"


def fill(company, database):
    """Answers how many seconds that took."""
    began = time.monotonic()
    first = lambda sql: database.literal(database.rows(sql)[0][0])
    workspace = first("SELECT id FROM workspaces")
    channels = [database.literal(row[0]) for row in database.rows("SELECT id FROM channels ORDER BY id")]
    roles = {row[0]: row[1] for row in database.rows("SELECT built_in, id FROM roles WHERE built_in IS NOT NULL")}
    roles = {name: database.literal(role) for name, role in roles.items()}
    helena = first("SELECT id FROM members")
    database.begin()
    for table, columns, values, source in everything(company, database, workspace, channels, roles, helena):
        database.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(map(str, values))} FROM {source}")
    database.execute(f"UPDATE workspaces SET created_at = {company.before}, uses_recorded_since = {company.before}")
    database.execute(f"UPDATE members SET last_active_at = {company.yesterday} WHERE id = {helena}")
    database.finish()
    return time.monotonic() - began


def everything(company, database, workspace, channels, roles, helena):
    """Tables, columns, values and where from."""
    user = lambda n: database.id(USER, company.before, n)
    member = lambda n: database.id(MEMBER, company.before, n)
    yield from people(company, database, workspace, channels, roles, helena, user, member)
    yield from sign_ins(company, database, workspace, user, member)
    yield from attacks(company, database, workspace, user)
    yield from activities(company, database, workspace, member)
    yield from keys(company, database, workspace, channels, roles, helena)


def people(company, database, workspace, channels, roles, helena, user, member):
    everybody = database.series(company.members)
    # Four of five were there before the year; the others came in it.
    joined = f"CASE WHEN n % 5 > 0 THEN {company.before} ELSE {company.start} + n % 300 * {DAY} END"
    yield ("users", "id, email, email_normalized, name, locale, created_at", [
        user("n"), "'pessoa' || n || '@estrela.example'", "'pessoa' || n || '@estrela.example'", "'Pessoa ' || n", "'pt-BR'",
        joined], everybody)
    yield ("members", "workspace_id, id, user_id, status, availability, capacity, last_active_at, created_at", [
        workspace, member("n"), user("n"),
        f"CASE WHEN n <= {company.never} THEN 'active' WHEN n % 3 = 0 THEN 'suspended' ELSE 'removed' END", "'offline'", 20,
        f"""CASE WHEN n <= {company.at_work} THEN {company.yesterday} WHEN n <= {company.away} THEN {company.yesterday} - 60 * {DAY}
            WHEN n <= {company.never} THEN NULL ELSE {company.yesterday} - 100 * {DAY} END""", joined], everybody)
    # Everybody is an agent on one number; one in twenty supports on the other, too, half of them until the end of the month.
    channel = f"CASE n % 2 WHEN 0 THEN {channels[0]} ELSE {channels[1]} END"
    closed = f"CASE WHEN n > {company.never} THEN {company.yesterday} - 90 * {DAY} END"
    columns = "workspace_id, id, member_id, role_id, channel_id, valid_from, valid_until, reason, granted_by, created_at, closed_at, closed_by"
    yield ("grants", columns, [
        workspace, database.id(GRANT, company.before, "n"), member("n"), roles["agent"], channel, company.before, "NULL", "'atende'",
        helena, company.before, closed, f"CASE WHEN n > {company.never} THEN {helena} END"], everybody)
    yield ("grants", columns, [
        workspace, database.id(GRANT, company.start, "n"), member("n * 20"), roles["support"],
        f"CASE n % 2 WHEN 0 THEN {channels[1]} ELSE {channels[0]} END", company.start,
        f"CASE WHEN n % 2 = 0 THEN {company.yesterday} + (n % 60 + 2) * {DAY} END", "'ajuda'", helena, company.start, "NULL", "NULL"],
        database.series(company.members // 20))
    # Ten administrators beside Helena.
    yield ("grants", columns, [
        workspace, database.id(GRANT, company.before + HOUR, "n"), member("n * 7"), roles["administrator"], "NULL", company.before,
        "NULL", "'dirige'", helena, company.before, "NULL", "NULL"], database.series(10))
    # Passkeys: what is sealed cannot be made up.
    yield ("passkeys", "id, user_id, credential_id, credential, rp_id, name, created_at, last_used_at", [
        database.id(FACTOR, company.before, "n"), user("n"), database.bytes("n"), "'{}'", "'localhost'", "'Notebook'",
        company.before, company.yesterday],
        f"{everybody} WHERE n % 5 < 3")
    yield ("known_devices", "user_id, fingerprint, first_used_at, last_used_at", [
        user("(n - 1) / 3 + 1"), database.bytes("n"), company.before, company.yesterday], database.series(3 * company.at_work))
    yield ("second_factor_resets", "workspace_id, id, member_id, reset_by, reset_at", [
        workspace, database.id(RESET, f"{company.yesterday} - n * {DAY}", "n"), member("n * 11"), helena,
        f"{company.yesterday} - n * {DAY}"], database.series(max(5, company.members // 500)))
    yield ("teams", "workspace_id, id, name, created_at", [
        workspace, database.id(TEAM, company.before, "n"), "'Time ' || n", company.before], database.series(company.members // 100))
    yield ("team_channels", "workspace_id, team_id, channel_id, created_at", [
        workspace, database.id(TEAM, company.before, "n"), channel, company.before], database.series(company.members // 100))
    yield ("team_members", "workspace_id, team_id, member_id, created_at", [
        workspace, database.id(TEAM, company.before, f"n % {company.members // 100} + 1"), member("n"), company.before], everybody)
    yield ("member_permission_uses", "workspace_id, member_id, permission, first_used_at, last_used_at", [
        workspace, member(f"(n - 1) / {len(PERMISSIONS)} + 1"), one_of(PERMISSIONS, "n"), company.before,
        # The least used of them has not been for long.
        f"CASE WHEN n % 8 = 6 THEN {company.yesterday} - 120 * {DAY} ELSE {company.yesterday} END"],
        database.series(len(PERMISSIONS) * company.at_work))
    yield ("invitations", "workspace_id, id, name, email, email_normalized, locale, token_hash, invited_by, created_at, expires_at", [
        workspace, database.id(INVITATION, company.yesterday, "n"), "'Nova ' || n", "'nova' || n || '@estrela.example'",
        "'nova' || n || '@estrela.example'", "'pt-BR'", database.bytes("n"), helena, company.yesterday,
        company.yesterday + 7 * DAY], database.series(max(1, company.members // 200)))


def moment(company, total):
    """Of row `n` out of so many: on working days from 10:30 to 22:00 UTC, evenly."""
    a_day = -(-total // company.working_days)
    number = f"(n / {a_day})"
    return f"({company.start} + ({number} / 5 * 7 + {number} % 5) * {DAY} + {10 * HOUR + 30 * MINUTE} + n % {a_day} * {23 * HOUR // 2 // a_day})"


def address(company, n, of):
    """From the office mostly, from home, or on the way."""
    chance = mixed(n, 3)
    return f"""CASE WHEN {chance} % 10 < 5 THEN '198.51.100.' || ({of} % 10 + 1)
        WHEN {chance} % 10 < 8 THEN '177.' || ({of} / 200 % 200) || '.' || ({of} % 200) || '.7'
        ELSE '179.' || ({mixed(n, 4)} % 60) || '.' || ({mixed(n, 5)} % 250) || '.' || ({mixed(n, 6)} % 250) END"""


def sign_ins(company, database, workspace, user, member):
    at, who = moment(company, company.sign_ins), f"({mixed('n', 1)} % {company.at_work} + 1)"
    came = f"n % 50 > 1"
    from_where, agent = address(company, "n", who), one_of(AGENTS, who)
    # One in fifty is a slip of the finger, one in five hundred a wrong address.
    yield ("sign_in_events", "id, \"at\", user_id, workspace_id, email, outcome, address, network, user_agent", [
        database.id(SIGN_IN, at, "n"), at, f"CASE WHEN n % 500 = 1 THEN NULL ELSE {user(who)} END",
        f"CASE WHEN {came} THEN {workspace} END", f"'pessoa' || {who} || '@estrela.example'",
        f"CASE WHEN n % 500 = 1 THEN 'unknown_email' WHEN {came} THEN 'succeeded' ELSE 'wrong_password' END", from_where, from_where, agent],
        database.series(company.sign_ins))
    yield ("sessions", """workspace_id, id, user_id, member_id, token_hash, authentication_method, second_factor, authenticated_at, address,
        network, user_agent, created_at, last_used_at, expires_at, ended_at""", [
        workspace, database.id(SESSION, at, "n"), user(who), member(who), database.bytes("n"), "'password'",
        database.true(f"{who} % 5 < 3"), at, from_where, from_where, agent, at, f"{at} + {HOUR}", f"{at} + {14 * DAY}",
        f"CASE WHEN n % 3 > 0 THEN {at} + {9 * HOUR} END"], f"{database.series(company.sign_ins)} WHERE {came}")


def attacks(company, database, workspace, user):
    """Of yesterday, and growing with the company: one address on many accounts, many addresses on many, a few accounts for
    hours, and some of them with success."""
    columns = "id, \"at\", user_id, workspace_id, email, outcome, address, network, user_agent"
    failed = lambda base, at, of, where: [
        database.id(SIGN_IN, f"{base} + {at}", f"n + {base % 997 * 100_000_000}"), f"{base} + {at}", user(of), "NULL",
        f"'pessoa' || ({of}) || '@estrela.example'", "'wrong_password'", where, where, "'python-requests/2'"]
    night = company.yesterday + 2 * HOUR
    many = company.members // 5
    yield ("sign_in_events", columns, failed(night + 1, f"n * {HOUR // 2 // many}", f"n % {company.at_work} + 1", "'203.0.113.9'"),
           database.series(many))
    yield ("sign_in_events", columns, failed(night + HOUR + 2, f"n * {HOUR // 2 // many}", f"n % {company.at_work} + 1",
           f"'203.0.' || ({mixed('n', 7)} % 100) || '.' || ({mixed('n', 8)} % 250)"), database.series(many))
    yield ("sign_in_events", columns, failed(night + 2 * HOUR + 3, f"n * {MINUTE}", "n % 5 + 1", "'203.0.113.' || (n % 20)"),
           database.series(200))
    yield ("sign_in_events", columns, [
        database.id(SIGN_IN, f"{night} + {6 * HOUR} + n * {MINUTE // 5}", "n + 777000000000"), f"{night} + {6 * HOUR} + n * {MINUTE // 5}",
        user("(n - 1) / 7 + 31"), f"CASE WHEN n % 7 = 0 THEN {workspace} END", "'pessoa' || ((n - 1) / 7 + 31) || '@estrela.example'",
        "CASE WHEN n % 7 = 0 THEN 'succeeded' ELSE 'wrong_password' END", "'203.0.113.77'", "'203.0.113.77'", "'curl/8'"], database.series(70))
    yield ("throttled_attempts", "minute, address, user_id, attempts", [
        f"{night} + n / 10 * {MINUTE}", "'203.0.113.' || (n % 10)", user("n % 5 + 1"), "n % 40 + 1"], database.series(1_000))


def activities(company, database, workspace, member):
    at, who = moment(company, company.activities), f"({mixed('n', 2)} % {company.at_work} + 1)"
    action = "CASE" + "".join(f" WHEN n % 100 < {below} THEN '{name}'" for name, below in ACTIONS) + " END"
    # Few conversations have many activities each.
    subject = f"CASE WHEN n % 100 < 20 THEN 'sess_' || n ELSE 'conv_' || ({mixed('n', 9)} * 131 + n % 131) END"
    told, made, came_from = "n % 100 < 20", database.id(ACTIVITY, at, "n"), address(company, "n", who)
    after = "CASE WHEN n % 100 >= 10 THEN '{\"contacts\":[\"cont_01900000000000000000000000\"]}' END"
    yield ("activities", "workspace_id, id, \"at\", actor_member_id, action, subject, details_hash", [
        workspace, made, at, member(who), action, subject, f"CASE WHEN {told} THEN details_hash({database.bytes('n')}, {after}, {came_from}) END"],
        database.series(company.activities))
    yield ("activity_details", "workspace_id, activity_id, salt, \"after\", address", [
        workspace, made, database.bytes("n"), after, came_from],
        f"{database.series(company.activities)} WHERE {told}")
    yield ("activity_queue", "workspace_id, activity_id", [workspace, made], database.series(company.activities))
    yield ("contacts", "workspace_id, id, name, created_at, updated_at", [
        workspace, database.id(CONTACT, company.before, "n"), "'Cliente ' || n", company.before, company.before],
        database.series(company.contacts))
    # Each sees four new numbers a day on 25 of their days; somebody in every thousand saw hundreds yesterday.
    principal = database.shown("mem", member("(n - 1) / 100 + 1"))
    yield ("phone_reveals", "workspace_id, principal, day, contact_id", [
        workspace, principal, f"{company.first_day} + (n - 1) % 100 / 4 * 14", database.id(CONTACT, company.before, f"n % {company.contacts} + 1")],
        database.series(100 * company.at_work))
    harvesters = max(1, company.members // 1000)
    yield ("phone_reveals", "workspace_id, principal, day, contact_id", [
        workspace, database.shown("mem", member(f"n % {harvesters} + 50")), company.yesterday // DAY,
        database.id(CONTACT, company.before, f"n % {company.contacts} + 1")], database.series(min(400 * harvesters, company.contacts)))


def keys(company, database, workspace, channels, roles, helena):
    """One for every two hundred members: some are used daily, some were long ago, some never."""
    count = max(5, company.members // 200)
    key = database.id(KEY, company.before, "n")
    used = f"CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN {company.yesterday} - 120 * {DAY} ELSE {company.yesterday} END"
    yield ("api_keys", """workspace_id, id, name, prefix, token_hash, created_by, created_at, expires_at, last_used_at, allowed_addresses,
        last_used_address, refused_count""", [
        workspace, key, "'Integração ' || n", "'ptr_key_' || n", database.bytes("n"), helena, company.before,
        f"{company.yesterday} + (n + 5) * {DAY}", used, "''", "'198.51.100.77'", 0], database.series(count))
    yield ("api_key_grants", "workspace_id, id, api_key_id, role_id, channel_id, granted_by, created_at", [
        workspace, database.id(KEY_GRANT, company.before, "n"), key, roles["developer"],
        f"CASE WHEN n % 2 = 0 THEN {channels[0]} END", helena, company.before], database.series(count))
    yield ("api_key_permission_uses", "workspace_id, api_key_id, permission, first_used_at, last_used_at", [
        workspace, key, "'template:read'", company.before, company.yesterday], f"{database.series(count)} WHERE n % 5 > 1")
    yield ("webhook_refusals", "minute, app_key, cause, count", [
        f"{company.yesterday} + n * {MINUTE}", "'bench'", "'wrong_signature'", "n % 9 + 1"], database.series(500))
