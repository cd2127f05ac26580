"""Runs scim2-tester, an independent client of the standard, against a running Portaria.

Address of the service and file with the directory's token are the arguments. Prints each check that did not pass and
a summary; ends with 1 unless all have passed.
"""

import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

PASSED = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}

base, token_file = sys.argv[1:]
with open(token_file, encoding="utf-8") as file:
    token = file.read().strip()
client = Client(base_url=f"{base}/scim/v2", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
results = check_server(SyncSCIMClient(client))
for result in results:
    if result.status not in PASSED:
        print(f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}")
        print(f"    {result.data}")
counts = Counter(result.status.name for result in results)
print(f"scim2-tester: {len(results)} checks: " + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
sys.exit(0 if results and all(result.status in PASSED for result in results) else 1)
