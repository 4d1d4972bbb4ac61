/** The messages that carry segments to a learner, as bytes. Part of message-codec.ts. Readers throw MalformedBytes. */
import { type ByteReader, MalformedBytes } from '../base/byte-reader.js';
import type { ByteWriter } from '../base/byte-writer.js';
import type { HeadlessFragment } from '../store/headless-fragments.js';
import { MAX_SEGMENTS, SPAN_BYTES } from '../store/layout.js';
import type { SegmentFacts, SegmentImage } from '../store/segment-table.js';
import {
  BLOCK_BYTES,
  MAX_BLOCK_BYTES,
  readBelow,
  readBlock,
  readChecksum,
  readList,
  readPartition,
  readSegmentNumber,
  writeBlock,
  writePartition,
} from './message-fields.js';
import type { SegmentListing, TransferBegin, TransferFacts, TransferKept, TransferSegment } from './messages.js';

/** Numbers of an image, and the lengths before its parts. */
const FACTS_BYTES = 64;
const IMAGE_BYTES = FACTS_BYTES + BLOCK_BYTES;
const NUMBER_BYTES = 3;
const LISTING_BYTES = 11;
const FRAGMENT_BYTES = 24;

export function beginBytes({ header, sealed, open, headless }: TransferBegin): number {
  const images = open.reduce((sum, image) => sum + imageBytes(image), 0);
  return 32 + header.length + sealed.length * LISTING_BYTES + images + headless.length * FRAGMENT_BYTES;
}

export function writeBegin(writer: ByteWriter, message: TransferBegin): void {
  writePartition(writer, message).varint(message.epoch).varint(message.joinIndex);
  writer.varint(message.index).varint(message.indexEpoch).lengthAndBytes(message.header).varint(message.opened);
  writer.varint(message.sealed.length);
  for (const { number, checksum } of message.sealed) writer.varint(number).float64(checksum);
  writer.varint(message.open.length);
  for (const image of message.open) writeImage(writer, image);
  writer.varint(message.headless.length);
  for (const fragment of message.headless) writeFragment(writer, fragment);
}

export function readBegin(reader: ByteReader): TransferBegin {
  const name = readPartition(reader);
  const epoch = reader.varint();
  const joinIndex = reader.varint();
  const index = reader.varint();
  const indexEpoch = reader.varint();
  const header = reader.lengthAndBytes();
  const opened = reader.varint();
  const sealed = readList(reader, () => readListing(reader), MAX_SEGMENTS);
  const open = readList(reader, () => readImage(reader), MAX_SEGMENTS);
  if (open.some(({ state }) => state !== 'open')) throw new MalformedBytes('a sealed segment among the open ones');
  const headless = readList(reader, () => readFragment(reader));
  return {
    type: 'transfer-begin',
    ...name,
    epoch,
    joinIndex,
    index,
    indexEpoch,
    header,
    opened,
    sealed,
    open,
    headless,
  };
}

export function segmentBytes({ image }: TransferSegment): number {
  return imageBytes(image);
}

export function writeSegment(writer: ByteWriter, message: TransferSegment): void {
  writePartition(writer, message).varint(message.joinIndex).varint(message.index);
  writeImage(writer, message.image);
}

export function readSegment(reader: ByteReader): TransferSegment {
  const name = readPartition(reader);
  const joinIndex = reader.varint();
  const index = reader.varint();
  const image = readImage(reader);
  if (image.state !== 'sealed') throw new MalformedBytes('an open segment where a sealed one is sent');
  return { type: 'transfer-segment', ...name, joinIndex, index, image };
}

export function keptBytes({ numbers }: TransferKept): number {
  return 8 + numbers.length * NUMBER_BYTES;
}

export function writeKept(writer: ByteWriter, message: TransferKept): void {
  writePartition(writer, message).varint(message.joinIndex);
  writer.uint8(message.form === 'raw' ? 0 : 1).varint(message.numbers.length);
  for (const number of message.numbers) writer.varint(number);
}

export function readKept(reader: ByteReader): TransferKept {
  const name = readPartition(reader);
  const joinIndex = reader.varint();
  const form = readBelow(reader, 2, 'form of what is kept') === 0 ? 'raw' : 'folded';
  const numbers = readList(reader, () => readSegmentNumber(reader), MAX_SEGMENTS);
  return { type: 'transfer-kept', ...name, joinIndex, form, numbers };
}

export function factsBytes({ facts, records }: TransferFacts): number {
  return FACTS_BYTES + facts.live.length + facts.touched.length + BLOCK_BYTES + records.byteLength;
}

export function writeFacts(writer: ByteWriter, message: TransferFacts): void {
  writePartition(writer, message).varint(message.joinIndex).varint(message.index);
  writeSegmentFacts(writer, message.facts);
  const { buffer, byteOffset, byteLength } = message.records;
  writer.varint(message.length);
  writeBlock(writer, new Uint8Array(buffer, byteOffset, byteLength));
}

export function readFacts(reader: ByteReader): TransferFacts {
  const name = readPartition(reader);
  const joinIndex = reader.varint();
  const index = reader.varint();
  const facts = readSegmentFacts(reader);
  const length = readBelow(reader, MAX_BLOCK_BYTES + 1, 'bytes of a segment');
  if (facts.state !== 'sealed') throw new MalformedBytes('an open segment among those that are kept');
  checkSizes(facts, length);
  const block = readBlock(reader);
  if (block.length % 8 !== 0) throw new MalformedBytes(`records in ${block.length} bytes`);
  // A copy: what was received may lie at any multiple of its unit.
  const records = new Int32Array(new Uint8Array(block).buffer);
  return { type: 'transfer-facts', ...name, joinIndex, index, facts, length, records };
}

function readListing(reader: ByteReader): SegmentListing {
  const number = readSegmentNumber(reader);
  return { number, checksum: readChecksum(reader) };
}

function imageBytes({ bytes, live, touched }: SegmentImage): number {
  return IMAGE_BYTES + bytes.length + live.length + touched.length;
}

function writeImage(writer: ByteWriter, image: SegmentImage): void {
  writeSegmentFacts(writer, image);
  writeBlock(writer, image.bytes);
}

function writeSegmentFacts(writer: ByteWriter, facts: SegmentFacts): void {
  writer.uint8(facts.state === 'sealed' ? 1 : 0);
  // NO_STRIPE is -1.
  writer
    .varint(facts.number)
    .varint(facts.serial)
    .varint(facts.stripe + 1)
    .varint(facts.liveBytes);
  writer.float64(facts.checksum).float64(facts.soonestExpiryMs);
  writer.lengthAndBytes(facts.live).lengthAndBytes(facts.touched);
}

/** The parts agree with each other in size, so that a store can take them in without looking. */
function readImage(reader: ByteReader): SegmentImage {
  const facts = readSegmentFacts(reader);
  const bytes = readBlock(reader);
  checkSizes(facts, bytes.length);
  return { ...facts, bytes };
}

function readSegmentFacts(reader: ByteReader): SegmentFacts {
  const state = readBelow(reader, 2, 'state of a segment') === 1 ? 'sealed' : 'open';
  const number = readSegmentNumber(reader);
  const serial = reader.varint();
  const stripe = readBelow(reader, MAX_SEGMENTS + 2, 'stripe') - 1;
  const liveBytes = reader.varint();
  const checksum = readChecksum(reader);
  const soonestExpiryMs = reader.float64();
  if (!(soonestExpiryMs >= 0)) throw new MalformedBytes('soonest expiry is not a time');
  const live = reader.lengthAndBytes();
  const touched = reader.lengthAndBytes();
  return { number, serial, state, liveBytes, stripe, checksum, soonestExpiryMs, live, touched };
}

function checkSizes({ liveBytes, live, touched }: SegmentFacts, length: number): void {
  if (liveBytes > length) throw new MalformedBytes(`${liveBytes} live bytes in a segment of ${length}`);
  if (Math.max(live.length, touched.length) > bitBytes(length)) {
    throw new MalformedBytes(`${Math.max(live.length, touched.length)} bytes of bits for a segment of ${length}`);
  }
}

/** A bit a span, in whole words. */
function bitBytes(lengthBytes: number): number {
  return Math.ceil(lengthBytes / (SPAN_BYTES * 32)) * 4;
}

function writeFragment(writer: ByteWriter, { tag, location, sizeBytes, version }: HeadlessFragment): void {
  // Tags and locations are signed 32-bit integers.
  writer
    .varint(tag >>> 0)
    .varint(location >>> 0)
    .varint(sizeBytes)
    .varint(version);
}

function readFragment(reader: ByteReader): HeadlessFragment {
  const tag = readBelow(reader, 2 ** 32, 'tag') | 0;
  const location = readBelow(reader, 2 ** 32, 'location') | 0;
  if (location === 0) throw new MalformedBytes('location 0');
  const sizeBytes = readBelow(reader, MAX_BLOCK_BYTES + 1, 'bytes of a fragment');
  return { tag, location, sizeBytes, version: reader.varint() };
}
