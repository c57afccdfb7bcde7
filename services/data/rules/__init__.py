"""Rules and state machines: whether a record may be written, and what is written with it. Pure.

    rules = rules_of(snapshot, "order")                      # once per schema version
    attempt = AttemptedWrite("update", values, sent, caller, now)   # + old, related where rules.* say they matter
    decision = decide(rules, attempt)                        # .values to store, .effects for the log
    check_written(rules, attempt, record)                    # after the row is written, in the same transaction

From the bottom up: `forms` (the two forms of a value), `attempt` (what is decided), `templates`, `field_checks` and
`field_trees` (field rules), `machines` (transitions), `entity_rules` (all of an entity, compiled), `actions` (what
transitions do), `deciding` (the order of it all), `trial` (rules that are tried before they are saved).
"""

from services.data.rules.attempt import AttemptedWrite, Decision, Load
from services.data.rules.deciding import Deciding, begin, check_written, compute, decide, recompute
from services.data.rules.entity_rules import EntityRules, rules_of

__all__ = [
    "AttemptedWrite",
    "Deciding",
    "Decision",
    "EntityRules",
    "Load",
    "begin",
    "check_written",
    "compute",
    "decide",
    "recompute",
    "rules_of",
]
