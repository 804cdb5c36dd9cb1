"""Words for titles, messages and names; some with characters outside the basic plane."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada Aylin Ben Björn Chloé Daniel Elif Emeka Finn Grace Hanna Ingrid Jakub Jonas Kenji Lena "
    "Łukasz Mateo Mia Nadia Noor Olga Omar Paula Priya Quentin Rosa Sami Sofía Tariq Uma Viktor "
    "Wei Yara Zoë Zhang"
).split()
LAST_NAMES = (
    "Adeyemi Bauer Costa Demir Eriksen Fischer García Huber Ivanova Jansen Kowalski Lindqvist "
    "Moreau Nguyen Okafor Petrov Quist Rossi Schmidt Tanaka Ueda Vogel Weber Xu Yılmaz Zimmer"
).split()
VERBS = (
    "Add Allow Cache Clarify Document Drop Extract Fix Handle Improve Inline Log Move Narrow "
    "Paginate Reject Rename Replace Retry Simplify Sort Speed-up Split Support Trim Validate"
).split()
THINGS = (
    "address form|audit trail|basket totals|card tokens|country list|currency rounding|e-mail "
    "templates|empty states|error pages|export job|feature flags|health check|image sizes|invoice "
    "numbers|login throttling|nightly job|order events|password reset|payment webhooks|price "
    "rules|product feed|queue consumer|rate limits|request logging|search index|session "
    "handling|shipping labels|stock levels|tax tables|time zones|user menu|voucher codes"
).split("|")
TAILS = (
    "|in the API|for guests|on mobile|for large orders|behind a flag|after timeouts|in tests|"
    "for partners|without a session|🚀|(ünïcödé)|for 日本|𝕏 accounts"
).split("|")
LIBRARIES = "axios boto3 click lodash netty protobuf rack serde spring tokio vite zod".split()
REMARKS = (
    "Looks good to me.|Could we name this differently?|Nice 👍|Why not reuse the helper?|"
    "Please add a test.|What happens on a timeout?|Done.|Good point, changed.|I'd rather keep it.|"
    "This needs a comment.|Let's talk about it tomorrow.|Works on my machine 🤷|Agreed."
).split("|")
SYMPTOMS = (
    "Checkout answers with errors|Latency has doubled|Login fails for some people|Queue is not "
    "drained|Prices are shown without tax|Search returns nothing|Webhooks are lost|Memory grows "
    "until restart|Mails are sent twice|Exports are empty"
).split("|")
TOPICS = ("backend", "frontend", "platform", "mobile", "data", "customer-facing")
TEAM_NAMES = (
    "Checkout|Storefront|Payments|Platform|Data|Mobile|Edge|Logistics|Growth|Search|Identity|Tools"
).split("|")
LABELS = (
    ("bug", "d73a4a", True),
    ("enhancement", "a2eeef", True),
    ("documentation", "0075ca", True),
    ("dependencies", "0366d6", False),
    ("incident", "b60205", False),
    ("hotfix", "e99695", False),
    ("customer 🧑‍💻", "c5def5", False),
)
