"""The embedded cloud: everything the demo and the tests deploy into. Never deployed itself.

Emulators of AWS know no Glue statements, no Athena sessions and no Deadline Cloud, so these are built here and the rest
is left to ministack. Read it in this order:

- `clock` and `state` say what a world is made of, `document` how one is written down by hand, `world` holds it;
- `wire` speaks the protocols, driven by botocore's own service models, so that what AWS rejects is rejected here too;
- `glue`, `athena`, `deadline`, `sts` are the services, `faults` makes them fail and sessions wake up, `record` remembers
  every call;
- `gateway` joins these, and is served by `server` (in-process, for tests) or by `launcher` (inside ministack, for the
  demo and the end-to-end tests, which drive it through `client`).

Nothing in the product imports this package.
"""
