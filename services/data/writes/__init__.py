"""Writes: the way from a checked request to one statement that changes rows and appends to the commit log.

The rooms by layer. Each imports only rooms below it:

    requests/              create, update, delete and restore records, one or many; effects; removal of files
    undo/                  takes a commit back by the inverse of each of its entries
    tree/                  a record with its nested rows, level by level
    consequences/          what belongs to the same commit: cascades, totals, actions of transitions
    preparing/             values are parsed, permissions and references checked, files and slugs filled in
    deciding/              loads what rules read, calls the pure decisions of services/data/rules
    synchronous_webhooks/  rehearses a write, calls webhooks, carries the write out if they allow it
    context/               what one write carries with it: its request, its drafts
    statements/            rows, locks and log entries in SQL, under the schema fence
"""
