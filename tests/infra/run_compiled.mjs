// Runs what is compiled for the function with the Python it is compiled for: node run_compiled.mjs ASSET MODULE...
// Prints what became of one judgement, as JSON. The bytecode says of itself that Python need not look at the source.
import { loadPyodide } from "pyodide";

const [asset, ...modules] = process.argv.slice(2);
const python = await loadPyodide();
python.FS.mkdirTree("/asset");
python.FS.mount(python.FS.filesystems.NODEFS, { root: asset }, "/asset");
python.globals.set("modules", python.toPy(modules));
console.log(python.runPython(`
import importlib, json, sys
sys.path.insert(0, "/asset")
sys.dont_write_bytecode = True
loaded = [importlib.import_module(name) for name in modules]
assert all(module.__spec__.cached.endswith("cpython-314.pyc") for module in loaded)

from dataclasses import FrozenInstanceError, replace
from reaper.core.facts import Facts
from reaper.core.guards import Stops
from reaper.core.judge import compile_book, judge
from reaper.core.policy.model import Action, Compare, Operator, Policy, PolicyBook
from reaper.core.session import Phase, Session, SessionRef

idle = Policy(name="idle", when=Compare("idle_for", Operator.AT_LEAST, 3600.0), then=Action.STOP)
ref = SessionRef("glue", "111122223333", "eu-central-1", (), "nightly")
facts = Facts(state="READY", phase=Phase.IDLE, created_at=0.0, idle_since=100.0, tags={})
book = compile_book(PolicyBook(policies=(idle,)))
try:
    ref.id = "another"
    frozen = False
except FrozenInstanceError:
    frozen = True
json.dumps({
    "python": ".".join(map(str, sys.version_info[:2])),
    "idle": judge(book, Session(ref, facts), 4000.0).kind,
    "busy": judge(book, Session(ref, replace(facts, phase=Phase.BUSY)), 4000.0).kind,
    "stops": repr(Stops(1, 2.5).plus(Stops(2))),
    "alike": ref == replace(ref) and hash(ref) == hash(replace(ref)),
    "frozen": frozen,
})
`));
