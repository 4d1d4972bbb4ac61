/** All parsers that take what others have written. */
import { CLUSTER_TARGETS } from './targets/cluster-formats.js';
import { FOLDER_TARGETS } from './targets/data-folder.js';
import { FRAME_TARGETS } from './targets/frame-formats.js';
import { PROTOBUF_TARGETS } from './targets/protobuf.js';
import { STORE_TARGETS } from './targets/store-formats.js';
import { CLI_TARGETS, CONFIG_TARGETS } from './targets/texts.js';
import { GROUPS, type Target } from './target.js';

export const TARGETS: readonly Target[] = [
  ...CONFIG_TARGETS,
  ...CLI_TARGETS,
  ...FRAME_TARGETS,
  ...CLUSTER_TARGETS,
  ...STORE_TARGETS,
  ...FOLDER_TARGETS,
  ...PROTOBUF_TARGETS,
];

/** As it is typed: without spaces. */
export const flagOf = ({ name }: Target): string => name.replaceAll(' ', '-');

/** The targets of groups and names with commas between them, or what is wrong with the text. */
export function chosen(only: string): readonly Target[] | string {
  const names = only.split(',');
  const isMeant = (target: Target): boolean => names.includes(target.group) || names.includes(flagOf(target));
  const known = [...GROUPS, ...TARGETS.map(flagOf)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return `--only takes groups and names: ${known.join(', ')}. "${unknown}" is none.`;
  return TARGETS.filter(isMeant);
}
