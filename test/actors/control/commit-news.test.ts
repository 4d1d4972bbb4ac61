import { beforeEach, expect, test } from 'vitest';
import { CommitNews } from '../../../src/actors/control/commit-news.js';
import type { AppendMessage, PeerMessage } from '../../../src/raft/messages.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const LONG_MS = 20;
const entry = { term: 2, index: 8, type: 'normal', data: Uint8Array.of(1) } as const;
const append = (to: number, commit: number, entries: AppendMessage['entries'] = []): AppendMessage => ({
  ...{ type: 'append', to, from: 1, term: 2, prevIndex: 7, prevTerm: 2 },
  entries,
  commit,
});
const heartbeat = (to: number): PeerMessage => ({ type: 'heartbeat', to, from: 1, term: 2, commit: 7, readCounter: 0 });

let scheduler: VirtualScheduler;
let late: PeerMessage[];
let news: CommitNews;
beforeEach(() => {
  scheduler = new VirtualScheduler();
  late = [];
  news = new CommitNews(scheduler, (messages) => late.push(...messages));
});

test('an Append with entries takes the place of one that only tells the commit index', async () => {
  expect(news.take([append(2, 7), append(3, 7)])).toEqual([]);
  expect(news.take([append(2, 7, [entry])])).toEqual([append(2, 7, [entry])]);
  await scheduler.advance(LONG_MS);
  expect(late).toEqual([append(3, 7)]);
});

test('without one the newest news leaves by itself, a few milliseconds later', async () => {
  news.take([append(2, 7)]);
  news.take([append(2, 8)]);
  await scheduler.advance(LONG_MS);
  expect(late).toEqual([append(2, 8)]);
  news.take([append(2, 9)]);
  await scheduler.advance(LONG_MS);
  expect(late).toEqual([append(2, 8), append(2, 9)]);
});

test('anything else to the same peer comes behind what was held for it', () => {
  news.take([append(2, 7), append(3, 7)]);
  expect(news.take([heartbeat(2)])).toEqual([append(2, 7), heartbeat(2)]);
  expect(news.take([heartbeat(2)])).toEqual([heartbeat(2)]);
});

test('nothing is sent any more once it is stopped', async () => {
  news.take([append(2, 7)]);
  news.stop();
  await scheduler.advance(LONG_MS);
  expect(late).toEqual([]);
});
