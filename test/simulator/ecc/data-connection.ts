/**
 * One virtual TCP connection, from the process that made it to the one that it was made to. Frames go one way; the other way
 * goes the answer to the greeting. While the network lets nothing through they wait, as retransmission has it, until the
 * connection is given up.
 */
import type { GroupMember } from '../../../src/cluster/cluster-map.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import type { DataNet } from './data-net.js';
import type { SimDataLinks } from './data-links.js';

/** How often something that waits tries again, and either end looks whether the other is there. */
const RETRY_MS = 15;
const PULSE_MS = 100;
/** A process that has not run for so long is taken for gone. */
const SILENCE_MS = 3_000;
/** From the beginning to the answer to the greeting. */
const GREETING_MS = 2_000;

/** What the end that has made the connection is told, on its thread. */
export interface ConnectionEvents {
  onEstablished(remote: GroupMember): void;
  /** Once, also when it never stood. */
  onBroken(): void;
}

export class DataConnection {
  private readonly net: DataNet;
  private readonly from: SimDataLinks;
  private readonly toHost: string;
  private readonly events: ConnectionEvents;
  private readonly breakMs: number;
  private to: SimDataLinks | undefined;
  private greeted = false;
  private established = false;
  private broken = false;
  /** Sent and not yet taken by the other process. */
  private unreadBytes = 0;
  private readonly underWay: (() => void)[] = [];
  private lastArrivalMs = 0;
  private pumpScheduled = false;
  /** Frames that could have arrived but for the network. */
  private due = 0;
  private blockedSinceMs: number | undefined;
  private silentSinceMs: number | undefined;
  private readonly forget: (() => void)[] = [];

  constructor(net: DataNet, from: SimDataLinks, toHost: string, events: ConnectionEvents) {
    this.net = net;
    this.from = from;
    this.toHost = toHost;
    this.events = events;
    const { minBreakMs, maxBreakMs } = net.parameters;
    this.breakMs = net.prng.between(minBreakMs, maxBreakMs);
    this.forget.push(from.thread.whenEnded(() => this.onSenderEnded()));
    this.push(() => this.onArrived());
    net.time.after(GREETING_MS, () => {
      if (!this.established) this.break();
    });
    this.pulse();
  }

  /** Bytes that the sender's socket has not taken. */
  get backlogBytes(): number {
    return Math.max(0, this.unreadBytes - this.net.parameters.socketBytes);
  }

  /** @param messages what `frame` was written from */
  send(frame: Uint8Array, messages: readonly DataMessage[]): void {
    if (this.broken) return;
    this.unreadBytes += frame.length;
    this.push(() => {
      const { to } = this;
      to?.thread.post(() => {
        this.unreadBytes -= frame.length;
        to.onFrame(this, this.from.self, frame, messages);
      });
    });
  }

  /** Either end gives it up, or it is reset on the way. What has not arrived is lost. */
  break(): void {
    if (this.broken) return;
    this.broken = true;
    this.underWay.length = 0;
    for (const forget of this.forget) forget();
    this.tellReceiver();
    this.net.time.after(this.net.noticeMs(), () => this.from.thread.post(() => this.events.onBroken()));
  }

  /** By the process at one end, as it stands. */
  close(): void {
    this.break();
  }

  private onArrived(): void {
    const to = this.net.listener(this.toHost);
    if (to === undefined) return this.break();
    this.to = to;
    this.forget.push(to.thread.whenEnded(() => this.break()));
    to.thread.post(() => {
      this.greeted = true;
      to.onGreeting(this, this.from.self);
      this.answerGreeting(to);
    });
  }

  private answerGreeting(to: SimDataLinks): void {
    if (this.broken) return;
    if (!this.net.passes(this.toHost, this.from.host)) {
      this.net.time.after(RETRY_MS, () => this.answerGreeting(to));
      return;
    }
    this.net.time.after(this.net.delayMs(), () => {
      if (this.broken) return;
      this.established = true;
      this.from.thread.post(() => this.events.onEstablished(to.self));
    });
  }

  /** A kernel goes on sending what a process that was killed has left; one that went down does not. */
  private onSenderEnded(): void {
    if (this.broken) return;
    if (this.net.prng.chance(1, 2)) this.break();
    else this.push(() => this.break());
  }

  private tellReceiver(): void {
    const { to } = this;
    if (to === undefined || !to.thread.alive) return;
    this.net.time.after(this.net.noticeMs(), () =>
      to.thread.post(() => {
        if (this.greeted) to.onIncomingEnded(this, this.from.self);
      }),
    );
  }

  private push(arrive: () => void): void {
    const { net, from } = this;
    this.underWay.push(arrive);
    this.lastArrivalMs = Math.max(this.lastArrivalMs, from.thread.effectMs + net.delayMs());
    net.time.at(this.lastArrivalMs, () => this.pump(1));
  }

  /** `count` frames have been long enough under way. */
  private pump(count: number): void {
    if (this.broken) return;
    if (this.pumpScheduled || !this.net.passes(this.from.host, this.toHost)) {
      this.due += count;
      this.pumpLater();
      return;
    }
    for (let i = 0; i < count; i++) this.underWay.shift()?.();
  }

  private pumpLater(): void {
    if (this.pumpScheduled) return;
    this.pumpScheduled = true;
    this.net.time.after(RETRY_MS, () => {
      this.pumpScheduled = false;
      const { due } = this;
      this.due = 0;
      this.pump(due);
    });
  }

  /** Both ends look whether anything gets through, and whether the other process runs. */
  private pulse(): void {
    const { net, from, toHost } = this;
    net.time.after(PULSE_MS, () => {
      if (this.broken) return;
      const { nowMs } = net.time;
      const passes = net.passes(from.host, toHost) && net.passes(toHost, from.host);
      this.blockedSinceMs = passes ? undefined : (this.blockedSinceMs ?? nowMs);
      const runs = !from.thread.paused && this.to?.thread.paused !== true;
      this.silentSinceMs = runs ? undefined : (this.silentSinceMs ?? nowMs);
      const isCut = this.blockedSinceMs !== undefined && nowMs - this.blockedSinceMs >= this.breakMs;
      const isSilent = this.silentSinceMs !== undefined && nowMs - this.silentSinceMs >= SILENCE_MS;
      if (isCut || isSilent) this.break();
      else this.pulse();
    });
  }
}
