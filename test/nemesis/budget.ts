/**
 * How much a cluster may suffer at once: nodes that are down, paused, cut off, or not yet back in sync, at most as many as it tolerates.
 * A link between two nodes that is cut or slow counts as a node as well, since the others may have to do without one of the two, nobody
 * knows which. What a fault took is given back when it is over and all nodes have been seen in their places since. Pure.
 */

export interface Charge {
  /** That may be away because of it: one node, or the two ends of a link, of which one may be. None: one node, nobody knows which. */
  readonly nodes: readonly string[];
  /** Undefined while the fault lasts. */
  mendedAtMs: number | undefined;
}

/** A removal that was decided just before a fault was over is applied a moment after. */
const SETTLE_MS = 2_500;

export class Budget {
  private readonly tolerated: number;
  private readonly charges = new Set<Charge>();

  /** @param tolerated nodes that may be away at once, at least 1 */
  constructor(tolerated: number) {
    this.tolerated = tolerated;
  }

  /** Nodes that may be away, or on their way back. */
  get suffering(): string[] {
    return [...new Set([...this.charges].flatMap(({ nodes }) => nodes))];
  }

  get isClear(): boolean {
    return this.charges.size === 0;
  }

  /** Nodes that a fault has to do with which is not over. */
  get afflicted(): Set<string> {
    return new Set([...this.charges].flatMap(({ nodes, mendedAtMs }) => (mendedAtMs === undefined ? nodes : [])));
  }

  /** Begins a fault unless it would be too much. @returns what to hand to `mended` when it is over; undefined: too much now. */
  take(nodes: readonly string[]): Charge | undefined {
    const charge: Charge = { nodes, mendedAtMs: undefined };
    if (awayAtMost([...this.charges, charge]) > this.tolerated) return undefined;
    this.charges.add(charge);
    return charge;
  }

  /** All nodes at once, which no cluster tolerates; only while it `isClear`. */
  takeAll(nodes: readonly string[]): readonly Charge[] {
    const charges = nodes.map((node): Charge => ({ nodes: [node], mendedAtMs: undefined }));
    for (const charge of charges) this.charges.add(charge);
    return charges;
  }

  mended(charge: Charge, nowMs: number): void {
    charge.mendedAtMs = nowMs;
  }

  /**
   * What was seen of the nodes.
   * @param away those that are not in their places, be it for another reason than a fault: a machine that is too busy, for one
   * @param askedAtMs when whoever says so was asked
   */
  observe(away: readonly string[], askedAtMs: number): void {
    const known = this.suffering;
    for (const node of away) if (!known.includes(node)) this.charges.add({ nodes: [node], mendedAtMs: askedAtMs });
    if (away.length > 0) return;
    const isOver = ({ mendedAtMs }: Charge): boolean => mendedAtMs !== undefined && mendedAtMs + SETTLE_MS <= askedAtMs;
    const last = [...this.charges].filter((charge) => !isOver(charge));
    // Which end of a link is away is nobody's guess: while a fault lasts, what else its nodes have gone through stays counted.
    const stillConcerned = new Set(last.flatMap(({ nodes }) => nodes));
    for (const charge of this.charges) {
      if (isOver(charge) && !charge.nodes.some((node) => stillConcerned.has(node))) this.charges.delete(charge);
    }
  }
}

/**
 * Each node that is charged for itself, and one for each link. A link of a node that is down counts too: it may have cost the other
 * end its place before.
 */
function awayAtMost(charges: readonly Charge[]): number {
  const ofOne = charges.filter(({ nodes }) => nodes.length === 1);
  return new Set(ofOne.flatMap(({ nodes }) => nodes)).size + (charges.length - ofOne.length);
}
