import { BaseCommand, connectionFlags, withClient } from '../../base-command.js';
import { keyArg } from '../../kv-flags.js';
import { presentLine, presentValue } from '../../values.js';

export default class KvMget extends BaseCommand {
  static override summary = 'Print the values of several keys';
  static override description =
    'One line a key: the key, a tab, the value; nothing behind the tab for a key that does not exist. Values that are not one line of text are shown as base64. Each key is read for itself.';
  static override examples = ['<%= config.bin %> kv mget fruit nut', '<%= config.bin %> kv mget fruit nut --json'];
  static override args = keyArg;
  static override strict = false;
  static override flags = connectionFlags;

  async run(): Promise<object> {
    const { argv, flags } = await this.parse(KvMget);
    const keys = argv.map(String);
    const values = await withClient(flags, (client) => client.mget(keys));
    const entries = keys.map((key, i) => {
      const value = values[i];
      this.log(`${key}\t${value === undefined ? '' : presentLine(value)}`);
      return value === undefined ? { key, found: false } : { key, found: true, ...presentValue(value) };
    });
    return { entries };
  }
}
