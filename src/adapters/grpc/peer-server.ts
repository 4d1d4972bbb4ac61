/** The control port: takes Raft's messages, greetings and join requests from other nodes to the control actor. */
import type { sendUnaryData, Server, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { PeerHandler } from '../../actors/control/ports.js';
import { DcacheError } from '../../base/errors.js';
import { MalformedBytes } from '../../base/byte-reader.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
import type { Speaker } from '../../cluster/speaker.js';
import { decodePeerMessage } from '../../raft/message-codec.js';
import { bindGrpcServer, closeGrpcServer, createGrpcServer } from './channel.js';
import {
  RaftDefinition,
  type HelloRequest,
  type HelloResponse,
  type JoinRequest,
  type JoinResponse,
  type MessagesReply,
  type RaftMessages,
  type SnapshotPiece,
  type SnapshotReply,
} from './generated/dcache/v1/raft.js';
import { readSpeaker, senderOf, writeJoinAnswer } from './peer-messages.js';
import { serviceDefinition } from './service-definition.js';
import { takeSnapshot } from './snapshot-stream.js';
import { toGrpcStatus } from './status.js';

const CLOSE_GRACE_MS = 500;

export class PeerServer {
  private readonly server: Server;
  private readonly logger: Logger;
  /** Somebody who is listened to has greeted this node. */
  private readonly onGreeted: (speaker: Speaker) => void;
  private handler: PeerHandler | undefined;
  /** Ends one open stream of messages each. */
  private readonly streams = new Set<(error: DcacheError) => void>();

  constructor(logger: Logger, onGreeted: (speaker: Speaker) => void = () => undefined) {
    this.logger = logger;
    this.onGreeted = onGreeted;
    this.server = createGrpcServer(LIMITS.maxPeerMessageBytes);
    this.server.addService(serviceDefinition(RaftDefinition), {
      hello: (call: ServerUnaryCall<HelloRequest, HelloResponse>, answer: sendUnaryData<HelloResponse>) =>
        this.answer(answer, () => Promise.resolve({ speaker: this.greet(call.request) })),
      join: (call: ServerUnaryCall<JoinRequest, JoinResponse>, answer: sendUnaryData<JoinResponse>) =>
        this.answer(answer, async () => {
          const { speaker, replaces } = call.request;
          return writeJoinAnswer(await this.ready().onJoinRequest(readSpeaker(speaker), replaces));
        }),
      messages: (call: ServerReadableStream<RaftMessages, MessagesReply>, answer: sendUnaryData<MessagesReply>) =>
        this.takeMessages(call, answer),
      snapshot: (call: ServerReadableStream<SnapshotPiece, SnapshotReply>, answer: sendUnaryData<SnapshotReply>) =>
        this.answer(answer, async () => {
          await takeSnapshot(call, this.ready());
          return {};
        }),
    });
  }

  /** Resolves with the port. Rejects with PORT_IN_USE or CONFIG_INVALID. Requests before `serve` are told to come again. */
  listen(address: string): Promise<number> {
    return bindGrpcServer(this.server, address, '--control-listen');
  }

  serve(handler: PeerHandler): void {
    this.handler = handler;
  }

  close(): Promise<void> {
    for (const end of this.streams) end(new DcacheError('SHUTTING_DOWN', 'this node is stopping'));
    return closeGrpcServer(this.server, CLOSE_GRACE_MS);
  }

  private ready(): PeerHandler {
    if (this.handler === undefined) throw new DcacheError('SHUTTING_DOWN', 'this node is starting; ask again');
    return this.handler;
  }

  private greet(request: HelloRequest): HelloResponse['speaker'] {
    const handler = this.ready();
    const speaker = readSpeaker(request.speaker);
    handler.admitSpeaker(speaker);
    this.onGreeted(speaker);
    return handler.speaker();
  }

  private answer<Response>(answer: sendUnaryData<Response>, work: () => Promise<Response>): void {
    Promise.resolve()
      .then(work)
      .then(
        (response) => answer(null, response),
        (error: unknown) => answer(toGrpcStatus(error)),
      )
      .catch((error: unknown) => this.logger.error(errorFields(error), 'an answer to a peer could not be sent'));
  }

  /**
   * The stream ends with a refusal, or when the sender goes away. Its first message says who sends; whether this node listens
   * to it is asked with every message, since the sender may be taken out of the cluster meanwhile.
   */
  private takeMessages(
    call: ServerReadableStream<RaftMessages, MessagesReply>,
    answer: sendUnaryData<MessagesReply>,
  ): void {
    let speaker: Speaker | undefined;
    const end = (error?: unknown): void => {
      if (!this.streams.delete(end)) return;
      if (error === undefined) answer(null, {});
      else answer(toGrpcStatus(error));
    };
    this.streams.add(end);
    call.on('data', (batch: RaftMessages) => {
      if (!this.streams.has(end)) return;
      try {
        speaker ??= readSpeaker(batch.speaker);
        this.ready().admitSpeaker(speaker);
        if (batch.messages.length > 0) this.ready().onPeerMessages(batch.messages.map(decodePeerMessage));
        for (const bytes of batch.control) this.ready().onControl(senderOf(speaker), bytes);
      } catch (error) {
        end(
          error instanceof MalformedBytes
            ? new DcacheError('INVALID_ARGUMENT', `unreadable message: ${error.message}`)
            : error,
        );
      }
    });
    call.on('end', () => end());
    call.on('cancelled', () => this.streams.delete(end));
    call.on('error', (error) => {
      this.streams.delete(end);
      this.logger.debug(errorFields(error), 'the stream of a peer broke');
    });
  }
}
