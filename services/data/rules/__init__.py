"""Rules and state machines: whether a record may be written, and what is written with it. Pure.

    rules = rules_of(snapshot, "order")                      # once per schema version
    attempt = Attempt("update", values, sent, caller, now)   # + old, related where rules.* say they matter
    decision = decide(rules, attempt)                        # .values to store, .effects for the log
    check_written(rules, attempt, record)                    # after the row is there, in the same transaction

`entity_rules` compiles definitions, `field_checks` is what field rules demand, `machines` are the
transitions, `actions` their effects, `forms` the two shapes of a value, `deciding` the order of it all.
"""

from services.data.rules.attempt import Attempt, Decision, Load
from services.data.rules.deciding import check_written, decide, recompute
from services.data.rules.entity_rules import EntityRules, rules_of

__all__ = ["Attempt", "Decision", "EntityRules", "Load", "check_written", "decide", "recompute", "rules_of"]
