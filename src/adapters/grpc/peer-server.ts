/** The control port: takes Raft's messages, greetings and join requests from other nodes to the control actor. */
import type { sendUnaryData, Server, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { PeerHandler } from '../../actors/control/ports.js';
import { DcacheError } from '../../base/errors.js';
import { MalformedBytes } from '../../base/byte-reader.js';
import { LIMITS } from '../../base/limits.js';
import { errorFields, type Logger } from '../../base/log.js';
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
import { readSpeaker, writeJoinAnswer } from './peer-messages.js';
import { serviceDefinition } from './service-definition.js';
import { takeSnapshot } from './snapshot-stream.js';
import { toGrpcStatus } from './status.js';

const CLOSE_GRACE_MS = 500;

export class PeerServer {
  private readonly server: Server;
  private readonly logger: Logger;
  private handler: PeerHandler | undefined;

  constructor(logger: Logger) {
    this.logger = logger;
    this.server = createGrpcServer(LIMITS.maxPeerMessageBytes);
    this.server.addService(serviceDefinition(RaftDefinition), {
      hello: (call: ServerUnaryCall<HelloRequest, HelloResponse>, answer: sendUnaryData<HelloResponse>) =>
        this.answer(answer, () => Promise.resolve({ speaker: this.greet(call.request) })),
      join: (call: ServerUnaryCall<JoinRequest, JoinResponse>, answer: sendUnaryData<JoinResponse>) =>
        this.answer(answer, async () =>
          writeJoinAnswer(await this.ready().onJoinRequest(readSpeaker(call.request.speaker))),
        ),
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
    return closeGrpcServer(this.server, CLOSE_GRACE_MS);
  }

  private ready(): PeerHandler {
    if (this.handler === undefined) throw new DcacheError('SHUTTING_DOWN', 'this node is starting; ask again');
    return this.handler;
  }

  private greet(request: HelloRequest): HelloResponse['speaker'] {
    const handler = this.ready();
    handler.admitSpeaker(readSpeaker(request.speaker));
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

  /** The stream ends with a refusal, or when the sender goes away. */
  private takeMessages(
    call: ServerReadableStream<RaftMessages, MessagesReply>,
    answer: sendUnaryData<MessagesReply>,
  ): void {
    let admitted = false;
    let ended = false;
    const end = (error?: unknown): void => {
      if (ended) return;
      ended = true;
      if (error === undefined) answer(null, {});
      else answer(toGrpcStatus(error));
    };
    call.on('data', (batch: RaftMessages) => {
      if (ended) return;
      try {
        if (!admitted) {
          this.ready().admitSpeaker(readSpeaker(batch.speaker));
          admitted = true;
        }
        this.ready().onPeerMessages(batch.messages.map(decodePeerMessage));
      } catch (error) {
        end(
          error instanceof MalformedBytes
            ? new DcacheError('INVALID_ARGUMENT', `unreadable message: ${error.message}`)
            : error,
        );
      }
    });
    call.on('end', () => end());
    call.on('error', (error) => this.logger.debug(errorFields(error), 'the stream of a peer broke'));
  }
}
