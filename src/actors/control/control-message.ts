/** What control threads say to each other beside Raft's messages: one byte that tells the kind, then the message. */
import { MalformedBytes } from '../../base/byte-reader.js';
import {
  decodeHeartbeat,
  decodeHeartbeatReply,
  encodeHeartbeat,
  encodeHeartbeatReply,
} from '../../cluster/heartbeat-codec.js';
import type { Heartbeat, HeartbeatReply } from '../../cluster/heartbeat.js';

export type ControlMessage =
  | { readonly type: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly type: 'heartbeat-reply'; readonly reply: HeartbeatReply };

const KIND = { heartbeat: 1, 'heartbeat-reply': 2 } as const;

export function encodeControlMessage(message: ControlMessage): Uint8Array<ArrayBuffer> {
  const body = message.type === 'heartbeat' ? encodeHeartbeat(message.heartbeat) : encodeHeartbeatReply(message.reply);
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = KIND[message.type];
  bytes.set(body, 1);
  return bytes;
}

/** Throws MalformedBytes. */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage {
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case KIND.heartbeat:
      return { type: 'heartbeat', heartbeat: decodeHeartbeat(body) };
    case KIND['heartbeat-reply']:
      return { type: 'heartbeat-reply', reply: decodeHeartbeatReply(body) };
    default:
      throw new MalformedBytes(`control message of unknown kind ${bytes[0]}`);
  }
}
