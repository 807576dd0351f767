// Runs a test program compiled for WASI under Node, in the folder it is called from:
// node run_wasi.mjs PROGRAM.wasm
//
// The few calls that such a program makes stand here: Node's own node:wasi crashes in its garbage
// collector now and then after a program that has grown its memory (Node 20).
import { openSync, readFileSync, readSync, writeSync, closeSync, fstatSync } from 'node:fs';

const BAD_FILE = 8;
const NO_ENTRY = 44;
const DEVICE = 2;
const FOLDER = 3;
const REGULAR = 4;
const ROOT = 3; // the file that stands for the folder '.'

let memory;
let next = ROOT + 1;
const files = new Map(); // file → { handle, at, size } of what is open for reading
const view = () => new DataView(memory.buffer);
const bytes = (at, size) => new Uint8Array(memory.buffer, at, size);

class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Calls move(piece) for each of the pieces of memory a program names; stops at a short one. */
function each_piece(vectors, count, total, move) {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const size = view().getUint32(vectors + 8 * i + 4, true);
    const moved = move(bytes(view().getUint32(vectors + 8 * i, true), size));
    sum += moved;
    if (moved < size) {
      break;
    }
  }
  view().setUint32(total, sum, true);
  return 0;
}

function write_all(handle, piece) {
  for (let done = 0; done < piece.length;) {
    done += writeSync(handle, piece, done);
  }
  return piece.length;
}

function read_piece(file, piece) {
  const got = readSync(file.handle, piece, 0, piece.length, file.at);
  file.at += got;
  return got;
}

const calls = {
  fd_write: (file, vectors, count, total) => (file === 1 || file === 2
    ? each_piece(vectors, count, total, (piece) => write_all(file, piece)) : BAD_FILE),

  fd_read: (file, vectors, count, total) => (files.has(file)
    ? each_piece(vectors, count, total, (piece) => read_piece(files.get(file), piece)) : BAD_FILE),

  fd_seek(file, offset, from, where) {
    const open = files.get(file);
    if (!open) {
      return BAD_FILE;
    }
    open.at = [0, open.at, open.size][from] + Number(offset);
    view().setBigUint64(where, BigInt(open.at), true);
    return 0;
  },

  fd_fdstat_get(file, status) {
    if (file > ROOT && !files.has(file)) {
      return BAD_FILE;
    }
    bytes(status, 24).fill(0);
    view().setUint8(status, file < ROOT ? DEVICE : file === ROOT ? FOLDER : REGULAR);
    bytes(status + 8, 16).fill(0xff); // every right
    return 0;
  },

  fd_fdstat_set_flags: () => 0,

  fd_prestat_get(file, status) {
    if (file !== ROOT) {
      return BAD_FILE;
    }
    view().setUint32(status, 0, true);
    view().setUint32(status + 4, 1, true); // length of its name
    return 0;
  },

  fd_prestat_dir_name(file, at) {
    bytes(at, 1)[0] = '.'.charCodeAt(0);
    return 0;
  },

  path_open(folder, _look, path, length, _how, _rights, _inherited, _flags, opened) {
    try {
      const handle = openSync(new TextDecoder().decode(bytes(path, length).slice()), 'r');
      const file = next++;
      files.set(file, { handle, at: 0, size: fstatSync(handle).size });
      view().setUint32(opened, file, true);
      return 0;
    } catch {
      return NO_ENTRY;
    }
  },

  fd_close(file) {
    if (files.has(file)) {
      closeSync(files.get(file).handle);
      files.delete(file);
    }
    return 0;
  },

  proc_exit(code) {
    throw new Exit(code);
  },
};

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: calls });
memory = instance.exports.memory;
try {
  instance.exports._start();
} catch (error) {
  if (!(error instanceof Exit)) {
    throw error;
  }
  process.exitCode = error.code;
}
