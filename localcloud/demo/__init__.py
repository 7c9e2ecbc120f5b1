"""The demo: the real stack, deployed into the embedded cloud, finds, judges, stops and reports a believable world.

`make demo` runs it. `world` is what there is to find and what has to become of it, `policies.yaml` what is deployed,
`stage` does the work, `show` prints it, `checks` says whether it all happened.
"""
