/** Starts a node from options, in the place that they name or, if they name none, in the first free one. */
import { openLogger } from '../adapters/logger.js';
import { DcacheError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { isExposed, nodesOf, resolveConfig, type NodeConfig } from './config.js';
import { placeOf } from '../cluster/default-layout.js';
import { Node, type NodeListener } from './node.js';
import type { NodeOptions } from './node-options.js';

export interface StartedNode {
  readonly node: Node;
  /** Resolves when every line of the log has been written. */
  readonly closeLog: () => Promise<void>;
}

/** Rejects with a DcacheError when no place is free or the node cannot start. */
export async function startNode(options: NodeOptions, listener: NodeListener): Promise<StartedNode> {
  const fixed = options.id === undefined ? undefined : (placeOf(options.id) ?? 1);
  if (fixed !== undefined || options.listen !== undefined) return startAt(resolveConfig(options, fixed ?? 1), listener);

  const places = options.peers === undefined ? nodesOf(options) : 1;
  for (let number = 1; number <= places; number++) {
    try {
      return await startAt(resolveConfig(options, number), listener);
    } catch (error) {
      // Binding decides the race for a place; the loser takes the next one.
      if (!(error instanceof DcacheError && (error.code === 'PORT_IN_USE' || error.code === 'NODE_ID_IN_USE')))
        throw error;
      if (number === places) throw allTaken(places, error);
    }
  }
  throw new DcacheError('CONFIG_INVALID', '--nodes must be at least 1');
}

async function startAt(config: NodeConfig, listener: NodeListener): Promise<StartedNode> {
  const { logger, close } = await openLogger({
    level: config.logLevel,
    format: config.logFormat,
    fields: { node: config.nodeId },
  });
  warnIfExposed(config, logger);
  try {
    return { node: await Node.start(config, logger, listener), closeLog: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function warnIfExposed(config: NodeConfig, logger: Logger): void {
  if (!isExposed(config)) return;
  logger.warn(
    { client: config.clientListen, control: config.controlListen },
    'this node listens beyond loopback, without encryption or authentication: keep the ports inside a trusted network',
  );
}

function allTaken(places: number, cause: DcacheError): DcacheError {
  return new DcacheError(
    'PORT_IN_USE',
    `all ${places} places of the default layout are taken (${cause.message}). The cluster is complete; for a larger one start every node with --nodes N, for a node of your own layout give --id, --listen, --control-listen and --peers`,
    { cause },
  );
}
