/**
 * Takes every client request of this node in ecc mode to the primary of its partition: to the service here, or to the node that
 * the map names. What concerns all partitions is asked of each (all-partitions.ts).
 *
 * The map of another node may be older or newer: a node that is not the primary of what it is asked for refuses with WRONG_NODE,
 * and the one who asked looks again. While a partition has no primary requests wait for the map to change, unless fewer nodes
 * are up than are needed.
 */
import { asDcacheError, DcacheError, type ErrorCode } from '../../base/errors.js';
import type { NodeId } from '../../base/ids.js';
import { EMPTY_MAP, primaryOf, type ClusterMap, type PartitionName } from '../../cluster/cluster-map.js';
import { partitionOfSlot, slotOf } from '../../cluster/slots.js';
import type { ClusterView } from '../../cluster/view.js';
import { isWrite, type KvReply, type KvRequest } from '../../store/requests.js';
import { LookAgain } from '../data/look-again.js';
import { PendingRequests, type PendingRequest } from '../data/pending.js';
import type { Forwarder } from '../data/router.js';
import type { Scheduler } from '../runtime/scheduler.js';
import { countAll, flushAll, scanAll } from './all-partitions.js';
import { noPrimaryError, shortageError } from './no-primary.js';
import type { PartitionService } from './partition-service.js';
import type { Troubles } from './troubles.js';

/** Longest wait of a request that was refused elsewhere. */
const LOOK_AGAIN_MS = 20;
/** Codes of another node that say nothing is done and another node, or this one a little later, may do it. */
const ELSEWHERE: readonly ErrorCode[] = ['WRONG_NODE', 'NO_LEADER', 'UNREACHABLE', 'SHUTTING_DOWN'];

export interface EccRouterParts {
  readonly self: NodeId;
  readonly forwarder: Forwarder;
  readonly scheduler: Scheduler;
  readonly troubles: Troubles;
  /** While this node is primary of that partition, or is becoming it. */
  service(name: PartitionName): Pick<PartitionService, 'execute'> | undefined;
}

interface Forwarding {
  readonly to: NodeId;
  readonly name: PartitionName;
}

export class EccRouter {
  private readonly parts: EccRouterParts;
  private readonly pending: PendingRequests;
  private parked: PendingRequest[] = [];
  private readonly forwarded = new Map<PendingRequest, Forwarding>();
  private readonly lookAgain = new LookAgain(LOOK_AGAIN_MS);
  private map: ClusterMap = EMPTY_MAP;
  private view: ClusterView | undefined;
  private obstacle: string | undefined;
  private draining = false;

  constructor(parts: EccRouterParts) {
    this.parts = parts;
    this.pending = new PendingRequests(parts.scheduler, (request) => this.deadlineError(request));
  }

  get requestsInFlight(): number {
    return this.pending.count;
  }

  get currentView(): ClusterView | undefined {
    return this.view;
  }

  /** Why this node cannot serve now; undefined when it can. */
  get notServing(): string | undefined {
    if (this.draining) return 'the node is stopping';
    const { map, view, obstacle } = this;
    if (view === undefined) return 'the node is starting';
    const trouble = this.shortage ?? this.parts.troubles.worst;
    if (obstacle === undefined && trouble !== undefined) return trouble.message;
    const orphan = this.partitionWithoutPrimary();
    const serves = obstacle === undefined && shortageError(this.knowledge) === undefined && map.groups.length > 0;
    return serves && orphan === undefined ? undefined : noPrimaryError(this.knowledge, orphan).message;
  }

  /** What requests fail with that only wait, because too few nodes are up; undefined while waiting is of use. */
  get shortage(): DcacheError | undefined {
    return shortageError(this.knowledge);
  }

  /** @param request valid (store/request-limits.ts). @param forwarded it comes from another node, so it is answered here or not at all. */
  execute(request: KvRequest, timeoutMs: number, forwarded: boolean): Promise<KvReply> {
    if (this.draining) return Promise.reject(stopping());
    return this.pending.accept(request, timeoutMs, forwarded, (pending) => this.route(pending));
  }

  onMap(map: ClusterMap): void {
    this.map = map;
    this.rerouteReads();
    this.unpark();
  }

  onView(view: ClusterView): void {
    this.view = view;
    this.unpark();
  }

  onObstacle(message: string | undefined): void {
    this.obstacle = message;
  }

  /** Too few members of other groups are up than before. */
  onTroubles(): void {
    this.unpark();
  }

  /** This node has become primary of a partition, or is not any more. */
  onRoles(): void {
    this.unpark();
  }

  /** Lets go of parked requests whose time has run out. */
  forgetSettled(): void {
    this.parked = this.parked.filter(({ settled }) => !settled);
  }

  /** These nodes are about to lead what this one is asked for. */
  prepareFor(nodeIds: ReadonlySet<NodeId>): void {
    const { self, forwarder } = this.parts;
    for (const { nodeId, clientAddress } of this.view?.members ?? []) {
      if (nodeId !== self && nodeIds.has(nodeId) && clientAddress !== '') forwarder.prepare?.(clientAddress);
    }
  }

  /** From a service that is not to answer it any more. */
  giveBack(pending: PendingRequest): void {
    if (!pending.settled) this.park(pending);
  }

  /** Accepts nothing more and resolves when everything under way is answered or its deadline has passed. */
  async drain(): Promise<void> {
    this.draining = true;
    for (const parked of this.takeParked()) parked.failed(stopping());
    await this.pending.drained();
  }

  /** Ends whatever is still under way. */
  stop(): void {
    this.draining = true;
    this.pending.failAll((pending) =>
      pending.exposed && isWrite(pending.request)
        ? new DcacheError('OUTCOME_UNKNOWN', 'this node stopped while the write was under way')
        : stopping(),
    );
  }

  private get knowledge(): { view: ClusterView | undefined; map: ClusterMap; obstacle: string | undefined } {
    return { view: this.view, map: this.map, obstacle: this.obstacle };
  }

  private get partitions(): number {
    return this.map.groups.length * this.map.k;
  }

  private route(pending: PendingRequest): void {
    const { request } = pending;
    if (pending.settled) return;
    if (this.partitions === 0) return this.park(pending);
    if ('key' in request)
      this.routeTo(pending, partitionOfSlot(slotOf(request.key), this.map.groups.length, this.map.k));
    else if (request.partition === undefined) void this.routeToAll(pending, request);
    else if (request.partition < this.partitions) {
      const group = Math.floor(request.partition / this.map.k);
      this.routeTo(pending, { group, position: request.partition % this.map.k });
    } else pending.failed(new DcacheError('INVALID_ARGUMENT', `there are ${this.partitions} partitions`));
  }

  /** Never rejects. */
  private async routeToAll(
    pending: PendingRequest,
    request: Exclude<KvRequest, { readonly key: Uint8Array }>,
  ): Promise<void> {
    const ask = (part: KvRequest): Promise<KvReply> => {
      const timeoutMs = Math.max(1, pending.deadlineMs - this.parts.scheduler.nowMs());
      return this.pending.accept(part, timeoutMs, false, (child) => this.route(child));
    };
    try {
      if (request.type === 'count') pending.done(await countAll(this.partitions, ask));
      else if (request.type === 'scan') pending.done(await scanAll(this.partitions, request, ask));
      else {
        pending.exposed = true;
        pending.done(await flushAll(this.partitions, ask));
      }
    } catch (error) {
      pending.failed(asDcacheError(error));
    }
  }

  private routeTo(pending: PendingRequest, name: PartitionName): void {
    const trouble = this.parts.troubles.withoutPrimary(name);
    if (trouble !== undefined) return pending.failed(this.shortage ?? trouble);
    const to = this.primaryOf(name);
    if (to === undefined) return this.park(pending);
    if (to === this.parts.self) {
      const service = this.parts.service(name);
      if (service === undefined) this.park(pending);
      else service.execute(pending);
      return;
    }
    if (pending.forwarded) {
      const told = `this node is not the primary of partition ${name.group}.${name.position}; ${to} is`;
      return pending.failed(new DcacheError('WRONG_NODE', told));
    }
    const address = this.view?.members.find(({ nodeId }) => nodeId === to)?.clientAddress ?? '';
    if (address === '' || this.shortage !== undefined) this.park(pending);
    else void this.forward(pending, { to, name }, address);
  }

  /** Never rejects. */
  private async forward(pending: PendingRequest, forwarding: Forwarding, address: string): Promise<void> {
    const isRead = !isWrite(pending.request);
    pending.exposed = true;
    this.forwarded.set(pending, forwarding);
    const timeoutMs = Math.max(1, Math.floor(pending.deadlineMs - this.parts.scheduler.nowMs()));
    try {
      pending.done(await this.parts.forwarder.forward(address, pending.request, timeoutMs));
    } catch (error) {
      if (this.forwarded.get(pending) !== forwarding) return; // a read that is asked elsewhere by now
      const failure = asDcacheError(error);
      const isForAnother = ELSEWHERE.includes(failure.code) || (isRead && failure.code === 'OUTCOME_UNKNOWN');
      if (!isForAnother) return pending.failed(failure);
      pending.exposed = false;
      // One of the two maps is older than the truth: look again when it has had time to change.
      this.parts.scheduler.after(this.lookAgain.waitMs(pending), () => this.route(pending));
    } finally {
      if (this.forwarded.get(pending) === forwarding) this.forwarded.delete(pending);
    }
  }

  /** A node that is primary no more may be down or cut off, and never answer. Reads need not wait for it. */
  private rerouteReads(): void {
    for (const [pending, { to, name }] of [...this.forwarded]) {
      if (isWrite(pending.request) || this.primaryOf(name) === to) continue;
      this.forwarded.delete(pending);
      pending.exposed = false;
      this.route(pending);
    }
  }

  /** Waits for the map or the roles to change, unless that is of no use. */
  private park(pending: PendingRequest): void {
    const { shortage } = this;
    if (this.draining) pending.failed(stopping());
    else if (shortage !== undefined) pending.failed(shortage);
    else this.parked.push(pending);
  }

  private unpark(): void {
    for (const pending of this.takeParked()) this.route(pending);
  }

  private takeParked(): PendingRequest[] {
    const { parked } = this;
    this.parked = [];
    return parked;
  }

  private primaryOf({ group, position }: PartitionName): NodeId | undefined {
    const found = this.map.groups[group];
    return found === undefined ? undefined : primaryOf(found, position)?.nodeId;
  }

  private partitionWithoutPrimary(): PartitionName | undefined {
    const { groups, k } = this.map;
    for (const { id } of groups) {
      for (let position = 0; position < k; position++) {
        if (this.primaryOf({ group: id, position }) === undefined) return { group: id, position };
      }
    }
    return undefined;
  }

  private deadlineError(pending: PendingRequest): DcacheError {
    const waited = `no answer within ${pending.timeoutMs} ms`;
    const isWriting = isWrite(pending.request);
    if (pending.exposed && isWriting) {
      const told = `${waited}; the write may or may not be done: read the key to find out`;
      return new DcacheError('DEADLINE_EXCEEDED', told);
    }
    if (!pending.exposed && this.notServing !== undefined) return noPrimaryError(this.knowledge, undefined);
    if (isWriting) return new DcacheError('NO_LEADER', `${waited}; the write is definitely not done`);
    return new DcacheError('DEADLINE_EXCEEDED', `${waited}; nothing was changed, read again`);
  }
}

function stopping(): DcacheError {
  return new DcacheError('SHUTTING_DOWN', 'this node is stopping; ask another one');
}
