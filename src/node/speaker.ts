/** How a node introduces itself. */
import { randomInt } from 'node:crypto';
import { assert } from '../base/assert.js';
import { parseAddress } from '../base/address.js';
import { isIncarnation } from '../base/ids.js';
import { foundersDigest, PEER_PROTOCOL, type Speaker } from '../cluster/speaker.js';
import type { NodeConfig } from './config.js';

/** Draws the incarnation, so it is called once in a process life. Raft id and cluster id are the control side's to fill in. */
export function newSpeaker(config: NodeConfig): Speaker {
  const incarnation = randomInt(1, 2 ** 48 - 1);
  assert(isIncarnation(incarnation), 'an incarnation is drawn from its range');
  const advertised = (listen: string): string => `${config.advertiseHost}:${parseAddress(listen)?.port ?? 0}`;
  return {
    nodeId: config.nodeId,
    raftId: 0,
    clusterId: '',
    mode: config.mode,
    incarnation,
    founders: foundersDigest(config.founders),
    protocol: PEER_PROTOCOL,
    controlAddress: advertised(config.controlListen),
    clientAddress: advertised(config.clientListen),
    httpAddress: config.httpListen === undefined ? '' : advertised(config.httpListen),
    dataAddress: config.ecc === undefined ? '' : advertised(config.ecc.dataListen),
    k: config.ecc?.k ?? 0,
    m: config.ecc?.m ?? 0,
  };
}
