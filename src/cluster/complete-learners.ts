/** Learners that may come in sync: everybody whom it takes has declared them complete in the group's present epoch (DESIGN.md, I6). */
import { declares, positionsToDeclare } from './apply-map-command.js';
import type { Group, GroupMember, JoiningMember } from './cluster-map.js';
import type { AttributedDeclaration } from './map-commands.js';
import { lives, type Observations } from './observations.js';

export interface CompleteLearner {
  readonly learner: JoiningMember;
  /** One of each primary concerned. */
  readonly declarations: readonly AttributedDeclaration[];
}

/** Those that still heartbeat and whose attempt nobody holds for broken. */
export function completeLearners(group: Group, k: number, observed: Observations): readonly CompleteLearner[] {
  const declared = declarationsFor(group, observed);
  return group.joining.flatMap((learner) => {
    if (!lives(observed, learner) || isBroken(observed, group, learner)) return [];
    const needed = positionsToDeclare(group, k, learner).map((position) =>
      declared.find((declaration) => declares(declaration, group, position, learner)),
    );
    const declarations = needed.filter((declaration) => declaration !== undefined);
    return declarations.length < needed.length ? [] : [{ learner, declarations }];
  });
}

/** Whether the learner, or one of those that it learns from, says that this attempt of it cannot succeed any more. */
export function isBroken({ nodes }: Observations, group: Group, learner: JoiningMember): boolean {
  return [learner, ...group.inSync].some(({ nodeId, incarnation }) => {
    const node = nodes.get(nodeId);
    if (node?.incarnation !== incarnation) return false;
    return node.heartbeat.brokenJoins.some(
      ({ group: id, joinIndex }) => id === group.id && joinIndex === learner.joinIndex,
    );
  });
}

/** What all nodes hold about learners of the group, each with who says so. */
function declarationsFor(group: Group, { nodes }: Observations): readonly AttributedDeclaration[] {
  return [...nodes.values()].flatMap(({ heartbeat }) => {
    const { nodeId, incarnation } = heartbeat;
    return heartbeat.declarations
      .filter((declaration) => declaration.group === group.id)
      .map((declaration) => ({ ...declaration, by: { nodeId, incarnation } satisfies GroupMember }));
  });
}
