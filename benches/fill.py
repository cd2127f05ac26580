"""Fills a database with conversations and messages by SQL alone, as many as a busy company has after some years."""

import json
import sqlite3
import time

# Ids of the made-up rows: a kind, then a number.
CONTACT, CONVERSATION, MESSAGE, MEMBER, USER, IDENTITY = 1, 2, 3, 4, 5, 6
AGENTS = 20
NAMES = ["Ana Souza", "Bruno Carvalho", "Clara Mendes", "Davi Rocha", "Elisa Prado", "Felipe Antunes", "Gabriela Nunes"]
BODY = "Bom dia! Meu pedido chega ainda hoje?"
PAYLOAD = json.dumps({
    "from": "5511900000000", "from_user_id": "BR.1234567890123456789", "id": "wamid.HBgNNTUxMTkwMDAwMDAwMBUCABIYFDNB",
    "timestamp": "1767225600", "type": "text", "text": {"body": BODY},
}, ensure_ascii=False)
# Everything was said in the months before this moment.
START = 1_795_000_000_000_000


def id_postgres(kind, number):
    return f"('01900000-0000-7000-8{kind:03x}-' || lpad(to_hex({number}), 12, '0'))::uuid"


def id_sqlite(kind, number):
    return f"made_up_id({kind}, {number})"


def statements(make_id, series, pick):
    """The statements that fill the tables; `{workspace}`, `{channels}` and `{conversations}` are filled in."""
    names = pick(NAMES)
    return [
        f"""INSERT INTO users (id, email, email_normalized, name, locale, created_at)
            SELECT {make_id(USER, 'n')}, 'agent' || n || '@estrela.example', 'agent' || n || '@estrela.example',
                   {names}, 'pt-BR', {START} FROM {series(AGENTS)}""",
        f"""INSERT INTO members (workspace_id, id, user_id, status, availability, capacity, last_active_at, created_at)
            SELECT {{workspace}}, {make_id(MEMBER, 'n')}, {make_id(USER, 'n')}, 'active', 'offline', 20, {START}, {START}
            FROM {series(AGENTS)}""",
        f"""INSERT INTO contacts (workspace_id, id, name, language, created_at, updated_at)
            SELECT {{workspace}}, {make_id(CONTACT, 'n')}, {names}, 'pt', {START}, {START} FROM {series('{conversations}')}""",
        f"""INSERT INTO contact_identities (workspace_id, id, contact_id, kind, portfolio, value, created_at, last_seen_at)
            SELECT {{workspace}}, {make_id(IDENTITY, 'n')}, {make_id(CONTACT, 'n')}, 'phone', '',
                   '+55119' || (10000000 + n), {START}, {START} FROM {series('{conversations}')}""",
        f"""INSERT INTO conversations (workspace_id, id, contact_id, channel_id, status, assignee_id, last_message_id,
                last_activity_at, last_inbound_at, waiting_since, unread_count, created_at)
            SELECT {{workspace}}, {make_id(CONVERSATION, 'n')}, {make_id(CONTACT, 'n')}, {{channel}},
                   CASE WHEN n % 4 = 0 THEN 'open' ELSE 'resolved' END,
                   CASE WHEN n % 10 = 0 THEN NULL ELSE {make_id(MEMBER, f'n % {AGENTS} + 1')} END,
                   {make_id(MESSAGE, 'n * {messages}')}, {START} + n * 60000000, {START} + n * 60000000, NULL, n % 7,
                   {START} FROM {series('{conversations}')}""",
        f"""INSERT INTO messages (workspace_id, id, conversation_id, channel_id, direction, whatsapp_id, kind, body, payload,
                sent_at, received_at, status)
            SELECT {{workspace}}, {make_id(MESSAGE, 'n')}, {make_id(CONVERSATION, '(n - 1) / {messages} + 1')},
                   {{channel_of_message}}, CASE WHEN n % 3 = 0 THEN 'outbound' ELSE 'inbound' END, 'wamid.' || n, 'text',
                   '{BODY}', '{PAYLOAD}', {START} + n * 3000000, {START} + n * 3000000,
                   CASE WHEN n % 3 = 0 THEN 'read' ELSE 'none' END FROM {series('{conversations} * {messages}')}""",
    ]


def fill_postgres(server, name, conversations, messages):
    began = time.monotonic()
    workspace = f"'{server.psql(name, 'SELECT id FROM workspaces')}'::uuid"
    channels = [f"'{line}'::uuid" for line in server.psql(name, "SELECT id FROM channels ORDER BY id").split()]
    pick = lambda names: f"(ARRAY{names})[(n % {len(names)} + 1)::int]"
    series = lambda count: f"generate_series(1::bigint, {count}) AS n"
    run(statements(id_postgres, series, pick), workspace, channels, conversations, messages,
        lambda sql: server.psql(name, sql))
    server.psql(name, "VACUUM ANALYZE; CHECKPOINT")
    return time.monotonic() - began


def fill_sqlite(path, conversations, messages):
    began = time.monotonic()
    database = sqlite3.connect(path, isolation_level=None)
    head = bytes.fromhex("0190000000007000")
    make = lambda kind, number: head + (0x8000 + kind).to_bytes(2, "big") + number.to_bytes(6, "big")
    database.create_function("made_up_id", 2, make, deterministic=True)
    quoted = lambda value: f"x'{value.hex()}'"
    workspace = quoted(database.execute("SELECT id FROM workspaces").fetchone()[0])
    channels = [quoted(row[0]) for row in database.execute("SELECT id FROM channels ORDER BY id")]
    pick = lambda names: "CASE n % " + str(len(names)) + "".join(
        f" WHEN {place} THEN '{name}'" for place, name in enumerate(names)) + " END"
    series = lambda count: f"(WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)"
    # Filled fast, then measured with the settings of the program.
    for pragma in ["synchronous = OFF", "journal_mode = WAL", "cache_size = -400000", "foreign_keys = OFF"]:
        database.execute(f"PRAGMA {pragma}").fetchall()
    database.execute("BEGIN")
    run(statements(id_sqlite, series, pick), workspace, channels, conversations, messages, database.execute)
    database.execute("COMMIT")
    database.execute("ANALYZE")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()
    return time.monotonic() - began


def run(statements, workspace, channels, conversations, messages, execute):
    for statement in statements:
        channel = "CASE WHEN {} % 2 = 0 THEN " + channels[0] + " ELSE " + channels[1] + " END"
        filled = {
            "workspace": workspace,
            "channel": channel.format("n"),
            "channel_of_message": channel.format("((n - 1) / {messages} + 1)"),
        }
        for name, value in filled.items():
            statement = statement.replace("{" + name + "}", value)
        execute(statement.replace("{conversations}", str(conversations)).replace("{messages}", str(messages)))
