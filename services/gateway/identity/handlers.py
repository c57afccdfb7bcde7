"""What the gateway answers to other services about identity."""

from __future__ import annotations

from libs.shared.contracts import identity as ask
from libs.shared.contracts.context import Context
from libs.shared.ids import parse_uuid
from services.gateway.identity import store
from services.gateway.settings import DEVELOPMENT_PASSWORD
from services.gateway.state import State


async def seed_admin(state: State, context: Context, question: ask.SeedAdmin) -> ask.Seeded:
    """admin@localhost / changeme in development; in production an app's first admin is the platform's."""
    if state.settings.env == "production":
        return ask.Seeded(False)
    hashed = await state.passwords.hash(DEVELOPMENT_PASSWORD)
    database = state.core.databases.of(context.the_app)
    return ask.Seeded(await store.seed_user(database, "admin@localhost", hashed, ["admin"]))


async def find_people(state: State, context: Context, question: ask.FindPeople) -> ask.People:
    """Active users by role, id or mail."""
    ids = [text for text in question.ids or [] if parse_uuid(text)]
    emails = [email.lower() for email in question.emails or []]
    rows = await store.find_people(state.core.databases.of(context.the_app), question.role, ids, emails)
    return ask.People([(row["id"], row["email"]) for row in rows])
