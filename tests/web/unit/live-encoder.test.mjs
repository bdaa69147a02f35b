// live-encoder.test.mjs - what the Live view says of an encoder, also where little is known of it

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { load } from './live-modules.mjs';

const words = await load('views/live-encoder-words.js');

const measured = { bitrate_1s_bps: 4700000, bitrate_10s_bps: 4812000, fps: 29.97, constant_fps: 29.97, uneven_ratio: 0.004, gop_ms: 2002,
  gop_longest_ms: 2002, reorder_ms: 66, jumps: 0, last_jump_ms: null, last_jump_s: null, lateness_p95_ms: 38, late_frames: 0, missing_frames: 1,
  audio_lead_ms: -21, media_rate: 1.0003, clock_drift_ppm: -12, rtt_ms: 18.4, packets: 1000, packets_disordered: 5, retransmits: 0 };

const valuesOf = (members) => Object.fromEntries(words.encoderFacts({ ...measured, ...members }).map(({ name, value }) => [name, value]));

test('codecs by their names', () => {
  const video = { codec: 'h264', profile_idc: 100, level_idc: 41, width: 1280, height: 720, unsupported: null };
  assert.equal(words.videoWords(video), 'H.264 High 4.1, 1280×720');
  assert.equal(words.videoWords({ ...video, codec: 'h265', profile_idc: 2, level_idc: 120 }), 'HEVC Main 10 4.0, 1280×720');
  assert.equal(words.videoWords({ ...video, profile_idc: 99, level_idc: null, width: null }), 'H.264');
  assert.equal(words.videoWords({ codec: 'none', unsupported: null }), 'None');
  assert.equal(words.videoWords({ codec: 'none', unsupported: 'VP9' }), 'VP9: cannot be packaged');
  assert.equal(words.videoWords(null), 'None');
  assert.equal(words.audioWords({ codec: 'aac', sample_rate_hz: 44100, channels: 2 }), 'AAC 44.1 kHz stereo');
  assert.equal(words.audioWords({ codec: 'eac3', sample_rate_hz: 48000, channels: 6 }), 'E-AC-3 48 kHz 5.1');
  assert.equal(words.audioWords({ codec: 'none', unsupported: 'Speex' }), 'Speex: cannot be packaged');
  assert.equal(words.audioWords(null), 'None');
});

test('numbers of a good encoder', () => {
  assert.deepEqual(valuesOf({}), { 'Bit rate': '4.81 Mb/s', Pictures: '29.97 fps', 'Key frames': '2 s', Pace: '1.00×', Lateness: '38 ms',
    'Round trip': '18.4 ms', Disordered: '0.5 %', 'Audio against video': '21 ms behind', Clock: '−12 ppm', Jumps: '0', Missing: '1 picture', Late: '0 frames' });
});

test('numbers of a bad one', () => {
  const values = valuesOf({ uneven_ratio: 0.34, gop_ms: 2000, gop_longest_ms: 9500, jumps: 3, last_jump_ms: -1250, last_jump_s: 41, missing_frames: 1200,
    audio_lead_ms: 1300, clock_drift_ppm: 1500 });
  assert.equal(values.Pictures, '29.97 fps, 34 % uneven');
  assert.equal(values['Key frames'], '2 s, longest 9.5 s');
  assert.equal(values.Jumps, '3, last −1.3 s, 41 s ago');
  assert.equal(values.Missing, '1,200 pictures');
  assert.equal(values['Audio against video'], '1.3 s ahead');
  assert.equal(values.Clock, '+1,500 ppm');
});

test('what is not known is a dash, never NaN or null', () => {
  const nothing = Object.fromEntries(Object.keys(measured).map((name) => [name, null]));
  for (const { name, value, title } of words.encoderFacts(nothing)) {
    assert.equal(value, '–', name);
    assert.doesNotMatch(title, /null|NaN|undefined/);
  }
});

test('faults come before hints, half-told ones not at all', () => {
  const warnings = [{ id: 'open-gop', severity: 'info', text: 'a' }, { id: null, severity: 'degraded', text: 'b' },
    { id: 'audio-stopped', severity: 'degraded', text: 'c' }, { id: 'x', text: null }, { id: 'new', severity: null, text: 'd' }];
  assert.deepEqual(words.warningsOf({ warnings }).map(({ id }) => id), ['audio-stopped', 'open-gop', 'new']);
  assert.deepEqual(words.warningsOf(null), []);
});

test('the severities are those of the reference', () => {
  const page = readFileSync(new URL('../../../docs/reference/ingest-warnings.md', import.meta.url), 'utf8');
  const severities = new Set([...page.matchAll(/^\| `[a-z-]+` \| (\w+) \|/gm)].map((match) => match[1]));
  assert.deepEqual([...severities].filter((severity) => words.isSevere({ severity })), ['degraded']);
  assert.equal(severities.size, 2);
});

test('the stream of the chain is found, and an ingest that is gone is none', () => {
  const chain = { ingest: { streams: [{ name: null }, { name: 'a' }] } };
  assert.equal(words.publishedOf(chain, 'a').name, 'a');
  assert.equal(words.publishedOf(chain, 'b'), null);
  assert.equal(words.publishedOf({ ingest: null }, 'a'), null);
  assert.equal(words.publishedOf({}, 'a'), null); // a desk of an older version
});

test('who stands by', () => {
  assert.equal(words.reserveWords({ encoder: 'OBS', peer: '10.0.0.7:5', key_id: 'b', why: 'a better one is in time' }),
    'OBS (key b) stands by: a better one is in time');
  assert.equal(words.reserveWords({ encoder: '', peer: '10.0.0.7:5', key_id: null, why: null }), '10.0.0.7:5 stands by');
});
