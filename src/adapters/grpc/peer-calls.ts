/** The calls of the Raft service, as a client makes them. */
import type { Client, ClientWritableStream, requestCallback } from '@grpc/grpc-js';
import type { JoinAnswer } from '../../actors/control/ports.js';
import type { Speaker } from '../../cluster/speaker.js';
import { RaftDefinition, type MessagesReply, type RaftMessages } from './generated/dcache/v1/raft.js';
import { readJoinAnswer, readSpeaker } from './peer-messages.js';
import { serviceDefinition } from './service-definition.js';
import { callUnary } from './unary.js';

const METHODS = serviceDefinition(RaftDefinition);

/** Who listens there. Rejects with a DcacheError. */
export async function greetPeer(client: Client, address: string, self: Speaker, timeoutMs: number): Promise<Speaker> {
  const { speaker } = await callUnary(client, METHODS.hello, { speaker: self }, { peer: address, timeoutMs });
  return readSpeaker(speaker);
}

/** Rejects with a DcacheError. */
export async function joinThrough(
  client: Client,
  address: string,
  self: Speaker,
  replaces: boolean,
  timeoutMs: number,
): Promise<JoinAnswer> {
  const request = { speaker: self, replaces };
  return readJoinAnswer(await callUnary(client, METHODS.join, request, { peer: address, timeoutMs }));
}

export function openMessageStream(
  client: Client,
  onEnd: requestCallback<MessagesReply>,
): ClientWritableStream<RaftMessages> {
  const { path, requestSerialize, responseDeserialize } = METHODS.messages;
  return client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, onEnd);
}
