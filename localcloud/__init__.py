"""The embedded cloud: everything the demo and the tests deploy into. Never deployed itself.

Emulators of AWS know no Glue statements, no Athena sessions and no Deadline Cloud, so these are built here and the rest
is left to ministack. Read it in this order:

- `clock` and `state` say what a world is made of, `document` how one is written down by hand, `world` holds it;
- `wire` speaks the protocols of AWS, with the `rules` and `writers` it compiles from botocore's own service models, so
  that what AWS rejects is rejected here too;
- `service` is what services have in common; `glue`, `athena`, `deadline`, `sts` and `emr_serverless_spark` are they;
- `faults` makes them fail and sessions wake up, `record` remembers every call;
- `gateway` joins these, `control` lets others seed and watch them over HTTP. `server` serves it in a test's own process;
  `launcher` in a process of its own, where `emulator` puts it into ministack; `client` starts and drives that one.

Nothing in the product imports this package.
"""
