/**
 * The public table of errors. One row a code: code, documentation and clients branch on the code, never on the text.
 * `test/base/errors.test.ts` holds this table against the README and the proto comments, so a row cannot go missing.
 *
 * A request has one of three outcomes: done, definitely not done, unknown. `outcome` says which of the last two an
 * error means for a write; a read has no effect and can be sent again either way.
 */

/** gRPC status names, https://grpc.io/docs/guides/status-codes/ */
export type GrpcStatusName =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ALREADY_EXISTS'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'UNIMPLEMENTED'
  | 'DATA_LOSS'
  | 'UNKNOWN'
  | 'CANCELLED'
  | 'INTERNAL';

/** `not-done`: the write has not happened and never will. `unknown`: it may happen, or have happened. */
export type Outcome = 'not-done' | 'unknown';

interface ErrorRow {
  readonly grpcStatus: GrpcStatusName;
  readonly exitCode: number;
  readonly outcome: Outcome;
  /** Whether sending the same request again can succeed without anybody changing anything. */
  readonly retryable: boolean;
  readonly meaning: string;
}

export const EXIT_OK = 0;
/** A definite "no": the key is missing. Not a failure of the cache. */
export const EXIT_NEGATIVE = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNAVAILABLE = 3;
export const EXIT_UNKNOWN_OUTCOME = 4;
export const EXIT_CANNOT_START = 5;
export const EXIT_DATA = 6;
export const EXIT_INTERNAL = 70;
/** Of a node that was asked to by `cluster restart`; its supervisor starts it again. */
export const EXIT_RESTART = 75;

/** What a script learns from each exit code. */
export const EXIT_CODES = [
  { exitCode: EXIT_OK, meaning: 'Done.' },
  { exitCode: EXIT_NEGATIVE, meaning: 'The answer is no: the key does not exist, or a condition did not hold.' },
  { exitCode: EXIT_USAGE, meaning: 'The command was not understood, or asks for what is not allowed.' },
  { exitCode: EXIT_UNAVAILABLE, meaning: 'Not done: the cluster cannot serve now. Trying again later can help.' },
  { exitCode: EXIT_UNKNOWN_OUTCOME, meaning: 'No answer came: a write may be done or not.' },
  { exitCode: EXIT_CANNOT_START, meaning: 'The node cannot start as it is configured.' },
  { exitCode: EXIT_DATA, meaning: 'Data cannot be read or written: a data folder, or a value of another kind.' },
  { exitCode: EXIT_INTERNAL, meaning: 'A defect of dcache.' },
  { exitCode: EXIT_RESTART, meaning: 'Of `node start`: the node has left in good order, to be started again at once.' },
] as const;

const row = (
  grpcStatus: GrpcStatusName,
  exitCode: number,
  outcome: Outcome,
  retryable: boolean,
  meaning: string,
): ErrorRow => ({ grpcStatus, exitCode, outcome, retryable, meaning });

export const ERRORS = {
  INVALID_ARGUMENT: row('INVALID_ARGUMENT', EXIT_USAGE, 'not-done', false, 'A request or flag is malformed.'),
  KEY_TOO_LARGE: row('INVALID_ARGUMENT', EXIT_USAGE, 'not-done', false, 'The key is empty or over the key limit.'),
  VALUE_TOO_LARGE: row('INVALID_ARGUMENT', EXIT_USAGE, 'not-done', false, 'The value is over the value limit.'),
  NOT_FOUND: row('NOT_FOUND', EXIT_NEGATIVE, 'not-done', false, 'The key does not exist.'),
  OVERLOADED: row('RESOURCE_EXHAUSTED', EXIT_UNAVAILABLE, 'not-done', true, 'A bounded queue is full; slow down.'),
  NO_LEADER: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'Enough nodes are up, an election is under way.'),
  WRONG_NODE: row(
    'UNAVAILABLE',
    EXIT_UNAVAILABLE,
    'not-done',
    true,
    'The node does not lead the part that the key is in.',
  ),
  NOT_ENOUGH_NODES: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'Fewer nodes are up than are needed.'),
  DATA_LOSS: row(
    'DATA_LOSS',
    EXIT_DATA,
    'not-done',
    false,
    'Too many nodes lost what they held; somebody has to decide.',
  ),
  SHUTTING_DOWN: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'The node is stopping; ask another one.'),
  UNREACHABLE: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'No given endpoint answers.'),
  DEADLINE_EXCEEDED: row('DEADLINE_EXCEEDED', EXIT_UNKNOWN_OUTCOME, 'unknown', false, 'No answer within the deadline.'),
  OUTCOME_UNKNOWN: row(
    'UNKNOWN',
    EXIT_UNKNOWN_OUTCOME,
    'unknown',
    false,
    'The answer was lost; the write may be done.',
  ),
  VALUE_UNREADABLE: row(
    'FAILED_PRECONDITION',
    EXIT_DATA,
    'unknown',
    false,
    'The value is there, but not of the kind that the client reads.',
  ),
  CONFIG_INVALID: row('INVALID_ARGUMENT', EXIT_CANNOT_START, 'not-done', false, 'The configuration cannot be used.'),
  PORT_IN_USE: row('FAILED_PRECONDITION', EXIT_CANNOT_START, 'not-done', false, 'Another process listens on the port.'),
  NODE_ID_IN_USE: row('ALREADY_EXISTS', EXIT_CANNOT_START, 'not-done', false, 'A live node has the same node id.'),
  NOT_A_MEMBER: row(
    'FAILED_PRECONDITION',
    EXIT_CANNOT_START,
    'not-done',
    false,
    'The cluster does not know that node.',
  ),
  WRONG_CLUSTER: row('FAILED_PRECONDITION', EXIT_CANNOT_START, 'not-done', false, 'Data or peer of another cluster.'),
  DATA_CORRUPT: row('DATA_LOSS', EXIT_DATA, 'not-done', false, 'The data folder cannot be read.'),
  DISK_FULL: row('RESOURCE_EXHAUSTED', EXIT_DATA, 'not-done', false, 'The data folder cannot be written.'),
  CANCELLED: row('CANCELLED', EXIT_UNAVAILABLE, 'not-done', false, 'The caller gave the request up.'),
  INTERNAL: row('INTERNAL', EXIT_INTERNAL, 'unknown', false, 'A defect of dcache; please report it.'),
  ECC_UNDECODABLE: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'Too few shards are at hand to rebuild.'),
  CHECKSUM_MISMATCH: row('DATA_LOSS', EXIT_DATA, 'not-done', false, 'Bytes do not match their checksum.'),
  CODEC_WORKER_LOST: row('UNAVAILABLE', EXIT_UNAVAILABLE, 'not-done', true, 'A codec thread died with this task.'),
  STORE_FULL: row('RESOURCE_EXHAUSTED', EXIT_UNAVAILABLE, 'not-done', false, 'The memory cap is reached.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/**
 * Every error that leaves dcache. The message names the thing, the limit and what to do next, and is for people;
 * programs read `code`.
 */
export class DcacheError extends Error {
  override readonly name = 'DcacheError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }

  /** What the error means for a write: definitely not done, or unknown. */
  get outcome(): Outcome {
    return ERRORS[this.code].outcome;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }
}

/** The error as a DcacheError: itself, or INTERNAL with the original as its cause. */
export function asDcacheError(error: unknown): DcacheError {
  if (error instanceof DcacheError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DcacheError('INTERNAL', message, { cause: error });
}
