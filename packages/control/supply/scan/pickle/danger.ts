/**
 * Says of a name that is not on the allow-list whether it is known to be dangerous. In: module and name. Out: what it
 * can do, in words, or undefined. Admission does not depend on it: an unlisted name is refused either way. It decides
 * only which word people read, so it is made to be right when it says "dangerous", not to be complete.
 */

/** Modules whose purpose, or a good part of it, no model has: each with what it gives an attacker. */
const modules: Readonly<Record<string, string>> = {
  ...spread(
    "runs commands",
    "os posix nt subprocess _posixsubprocess pty commands popen2 multiprocessing _winapi msvcrt sh",
  ),
  ...spread(
    "runs commands",
    "plumbum fabric invoke paramiko pexpect pipes platform webbrowser antigravity _osx_support",
  ),
  ...spread(
    "runs commands",
    "_aix_support _pyrepl pydoc mailcap asyncio concurrent distutils setuptools pip ensurepip venv",
  ),
  ...spread("evaluates code", "code codeop runpy bdb pdb cProfile profile trace timeit doctest idlelib lib2to3 test"),
  ...spread(
    "evaluates code",
    "unittest pytest nose py IPython marshal imp importlib _frozen_importlib pkgutil zipimport",
  ),
  ...spread(
    "evaluates code",
    "_frozen_importlib_external inspect gc sys site atexit signal faulthandler ctypes _ctypes cffi",
  ),
  ...spread("evaluates code", "jinja2 mako numexpr execnet rpyc celery"),
  ...spread("loads other pickles", "pickle _pickle cPickle dill cloudpickle shelve dbm pickle5"),
  ...spread(
    "talks to the network",
    "socket _socket ssl http httplib urllib urllib2 urllib3 requests aiohttp httpx ftplib",
  ),
  ...spread(
    "talks to the network",
    "smtplib telnetlib imaplib poplib nntplib socketserver xmlrpc websockets websocket",
  ),
  ...spread("reads or writes files", "shutil tempfile fileinput glob tarfile zipfile sqlite3 mmap linecache netrc"),
  ...spread("reaches the system", "winreg pwd grp resource fcntl termios tty curses tkinter turtle readline getpass"),
};

/** Names of modules that hold harmless names too. */
const names: Readonly<Record<string, string>> = {
  ...spread(
    "evaluates code",
    "builtins.eval builtins.exec builtins.execfile builtins.compile builtins.__import__ builtins.apply builtins.breakpoint " +
      "builtins.getattr builtins.setattr builtins.delattr builtins.globals builtins.locals builtins.vars builtins.__build_class__ " +
      "builtins.map builtins.filter builtins.reduce builtins.help builtins.memoryview types.FunctionType types.CodeType " +
      "types.MethodType types.LambdaType types.ModuleType functools.reduce functools.partialmethod operator.methodcaller " +
      "_operator.methodcaller _operator.attrgetter _functools.reduce _functools.partial logging.config cgitb.enable " +
      "code.InteractiveInterpreter copyreg.add_extension copyreg.pickle weakref.finalize collections.namedtuple " +
      "string.Formatter sched.scheduler numpy.testing numpy.f2py numpy.distutils torch.hub torch.package torch._dynamo " +
      "torch._inductor torch.fx torch.jit torch.utils.cpp_extension torch.utils.bottleneck torch.utils.collect_env " +
      "torch.utils._config_module torch.testing torch.utils.data.datapipes torch.distributed.rpc torch.multiprocessing " +
      "pandas.eval pandas.core.computation yaml.load yaml.unsafe_load yaml.full_load yaml.constructor",
  ),
  ...spread(
    "reads or writes files",
    "builtins.open builtins.input builtins.file io.open io.FileIO io.open_code _io.FileIO _io.open",
  ),
  ...spread(
    "reads or writes files",
    "codecs.open logging.FileHandler logging.handlers gzip.open bz2.open lzma.open os.path",
  ),
  ...spread(
    "loads other pickles",
    "numpy.load numpy.loads numpy.save numpy.savez numpy.memmap.tofile pandas.read_pickle pandas.io torch.load torch.save " +
      "torch.serialization joblib.load joblib.numpy_pickle.load sklearn.externals.joblib.load keras.models.load_model",
  ),
  ...spread("runs commands", "uuid._get_command_stdout uuid._popen cgi.test http.server ssl.get_server_certificate"),
};

/** Last parts of names that say it themselves, wherever they stand. */
const tails: Readonly<Record<string, string>> = {
  ...spread(
    "runs commands",
    "system popen Popen check_output check_call getoutput getstatusoutput spawnv spawnl spawnvp",
  ),
  ...spread(
    "runs commands",
    "execv execve execvp execl execlp startfile run_command shell pipepager spawn posix_spawn",
  ),
  ...spread(
    "evaluates code",
    "eval exec execfile runcode runcommand runsource run_path run_module _run_code import_module",
  ),
  ...spread("evaluates code", "__import__ reduce_graph_module runstring evaluate_guards_expression resolve_name"),
};

/** Attributes that lead from any object to all of Python. */
const escapes =
  /^__(?:globals|builtins|subclasses|class|base|bases|mro|dict|code|import|loader|getattribute|init|reduce|reduce_ex|self|func|call)__$/;

function spread(words: string, list: string): Record<string, string> {
  return Object.fromEntries(list.split(" ").map((name) => [name, words]));
}

/** Enumerations in such modules: their members are plain values, as programs keep them. */
const harmless = new Set(
  (
    "http.HTTPStatus http.HTTPMethod signal.Signals signal.Handlers socket.AddressFamily socket.SocketKind ssl.TLSVersion " +
    "inspect.Parameter.empty inspect._ParameterKind"
  ).split(" "),
);

export function dangerOf(module: string, name: string): string | undefined {
  if (harmless.has(`${module}.${name}`)) return undefined;
  const [top = ""] = module.split(".");
  const own = Object.hasOwn(modules, top) ? modules[top] : undefined;
  if (own !== undefined) return own;
  const parts = [...module.split("."), ...name.split(".")];
  // `torch` + `serialization.os.system`: the path leads through a module that gives it away.
  for (const part of parts.slice(1, -1))
    if (Object.hasOwn(modules, part) && name.split(".").includes(part))
      return `is reached through \`${part}\`, which ${modules[part]}`;
  const escape = parts.find((part) => escapes.test(part));
  if (escape !== undefined) return `leads to everything in Python through ${escape}`;
  for (let length = parts.length; length >= 2; length--) {
    const prefix = parts.slice(0, length).join(".");
    if (Object.hasOwn(names, prefix)) return names[prefix];
  }
  const tail = parts.at(-1) ?? "";
  return Object.hasOwn(tails, tail) ? tails[tail] : undefined;
}
