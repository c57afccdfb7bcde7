"""What definitions say about one another must hold when they are saved: entities, fields, relations, values, paths.

Each kind has a module whose `problems_of(definition, schema)` names what does not hold, as place and message. What is
legal but doubtful is found by `doubts`.
"""
