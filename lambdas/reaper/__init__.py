"""Session Reaper: finds cloud sessions nobody uses, and stops or reports them.

The flow, and the folders that show it::

    discover -> judge <-> observe -> plan -> act -> report

``core`` decides, on values alone. ``sweep`` reads and acts through ports. ``providers`` are the services behind those
ports. ``handlers`` (AWS Lambda) and ``cli`` (a terminal) only parse, call and render; ``bootstrap`` wires them.
"""

__version__ = "0.1.0"
