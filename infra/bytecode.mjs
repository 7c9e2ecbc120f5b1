// Compiles the Python modules of the folders named on the command line with the CPython that Pyodide has, in place.
import { loadPyodide } from "pyodide";

const [expected, ...folders] = process.argv.slice(2);
const python = await loadPyodide();
python.globals.set("expected", expected);
for (const folder of folders) {
  python.FS.mkdirTree("/asset");
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/asset");
  python.runPython(`
import compileall, platform, py_compile
assert platform.python_version().startswith(expected + "."), f"this is Python {platform.python_version()}"
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir("/asset", quiet=1, stripdir="/asset", invalidation_mode=mode), "not everything compiles"
`);
  python.FS.unmount("/asset");
}
