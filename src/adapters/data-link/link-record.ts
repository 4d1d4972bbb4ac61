/** What is written down about data links: counters, and a line in the log that does not repeat itself more than once a minute. */
import { LIMITS } from '../../base/limits.js';
import type { LogFields, Logger } from '../../base/log.js';
import type { Counter, Metrics } from '../../base/metrics.js';
import type { LinkFault } from './frame.js';
import type { Refusal } from './greeting.js';

const QUIET_MS = 60_000;
/** More subjects at a time than nodes mean that somebody comes under ever new addresses; they share one. */
const MAX_SUBJECTS = 2 * LIMITS.maxNodes;
const OTHER_SUBJECTS = 'others';

interface Subject {
  readonly loudAgainMs: number;
  /** Since the last line. */
  withheld: number;
}

export class LinkRecord {
  readonly logger: Logger;
  readonly sent: { readonly messages: Counter; readonly bytes: Counter };
  readonly received: { readonly messages: Counter; readonly bytes: Counter };
  private readonly metrics: Metrics;
  private readonly nowMs: () => number;
  private readonly subjects = new Map<string, Subject>();

  constructor(logger: Logger, metrics: Metrics, nowMs: () => number) {
    this.logger = logger;
    this.metrics = metrics;
    this.nowMs = nowMs;
    const traffic = (direction: string) => ({
      messages: metrics.counter('dataLinkMessages', { direction }),
      bytes: metrics.counter('dataLinkBytes', { direction }),
    });
    this.sent = traffic('sent');
    this.received = traffic('received');
  }

  /** @param peer a node id, or an address while it has not said who it is */
  noteFault(peer: string, { reason, message }: LinkFault): void {
    if (reason === 'version') this.countRefusal('version');
    else this.metrics.counter('dataLinkFaults', { reason }).add();
    this.warn(peer, { peer, reason, cause: message }, 'a data link was given up');
  }

  countRefusal(reason: Refusal['reason']): void {
    this.metrics.counter('dataLinkRefusals', { reason }).add();
  }

  /** At most one line about a subject a minute; it tells how many were withheld. */
  warn(subject: string, fields: LogFields, message: string): void {
    const nowMs = this.nowMs();
    for (const [name, { loudAgainMs, withheld }] of this.subjects) {
      if (loudAgainMs <= nowMs && (withheld === 0 || name !== subject)) this.subjects.delete(name);
    }
    const name = this.subjects.size < MAX_SUBJECTS || this.subjects.has(subject) ? subject : OTHER_SUBJECTS;
    const before = this.subjects.get(name);
    if (before !== undefined && before.loudAgainMs > nowMs) {
      before.withheld++;
      return;
    }
    this.subjects.set(name, { loudAgainMs: nowMs + QUIET_MS, withheld: 0 });
    const withheld = before?.withheld;
    this.logger.warn({ ...fields, withheld: withheld === 0 ? undefined : withheld }, message);
  }
}
