// Runs bytecode.py with the CPython that Pyodide has: node bytecode.mjs VERSION ROOT [OWN].
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPyodide } from "pyodide";

const [version, root, own] = process.argv.slice(2);
const python = await loadPyodide();
const mount = (folder, at) => {
  python.FS.mkdirTree(at);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, at);
};
mount(root, "/asset");
mount(dirname(fileURLToPath(import.meta.url)), "/tools");
python.globals.set("version", version);
python.globals.set("own", own ?? "");
python.runPython(`
import platform, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/tools")
import bytecode
if not platform.python_version().startswith(version + "."):
    raise RuntimeError(f"this is Python {platform.python_version()}, not {version}: update pyodide in package.json")
bytecode.main("/asset", own)
`);
