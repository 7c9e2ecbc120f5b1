"""Remembers sessions and sweeps in one DynamoDB table, for people to read too.

:mod:`names` tells how sessions, scopes and sweeps are called there, :mod:`attributes` writes and reads DynamoDB's own
types, :mod:`items` turns a memory and a sweep into an item and back, :mod:`dynamodb` is the ledger, :mod:`errors` says in
one sentence why it could not be used.

The table has a partition key ``pk`` and a sort key ``sk``, both text, and the TTL attribute ``expires``:

    session/glue/123456789012/eu-central-1/nightly   memory
    sweep                                            2026-03-01T10:00:00.000000Z/run-7
"""
