// live-encoder-words.js - what the ingest measures of an encoder, in words and short numbers
//
// Pure. Members are null where the ingest does not know them, or is of another version; the texts of
// warnings are the ingest's own (docs/reference/ingest-warnings.md).

import { bits, count, ms, percent, plural, seconds } from '../lib/format.js';

const CODECS = { h264: 'H.264', h265: 'HEVC', aac: 'AAC', mp3: 'MP3', opus: 'Opus', ac3: 'AC-3', eac3: 'E-AC-3' };
const PROFILES = {
  h264: { 66: 'Baseline', 77: 'Main', 88: 'Extended', 100: 'High', 110: 'High 10', 122: 'High 4:2:2', 244: 'High 4:4:4' },
  h265: { 1: 'Main', 2: 'Main 10', 3: 'Main Still Picture', 4: 'Range Extensions' },
};
const LEVEL_STEPS = { h264: 10, h265: 30 };
const isKnown = (n) => Number.isFinite(n);

/** "H.264 High 4.1, 1280×720" */
export function videoWords(video) {
  if (!video?.codec || video.codec === 'none')
    return video?.unsupported ? `${video.unsupported}: cannot be packaged` : 'None';
  const level = video.level_idc > 0 && LEVEL_STEPS[video.codec] ? (video.level_idc / LEVEL_STEPS[video.codec]).toFixed(1) : null;
  const kind = [CODECS[video.codec] ?? video.codec, PROFILES[video.codec]?.[video.profile_idc], level].filter(Boolean).join(' ');
  return video.width > 0 ? `${kind}, ${video.width}×${video.height}` : kind;
}

const CHANNELS = { 1: 'mono', 2: 'stereo', 6: '5.1', 8: '7.1' };

/** "AAC 48 kHz stereo" */
export function audioWords(audio) {
  if (!audio?.codec || audio.codec === 'none')
    return audio?.unsupported ? `${audio.unsupported}: cannot be packaged` : 'None';
  const rate = audio.sample_rate_hz > 0 ? `${audio.sample_rate_hz / 1000} kHz` : null;
  const channels = audio.channels > 0 ? CHANNELS[audio.channels] ?? `${audio.channels} channels` : null;
  return [CODECS[audio.codec] ?? audio.codec, rate, channels].filter(Boolean).join(' ');
}

function rate(measured) {
  if (!(measured.fps > 0))
    return '–';
  const uneven = measured.uneven_ratio > 0.1 ? `, ${percent(measured.uneven_ratio)} uneven` : '';
  return `${measured.fps.toFixed(2).replace(/\.00$/, '')} fps${uneven}`;
}

function keyFrames({ gop_ms: gop, gop_longest_ms: longest }) {
  if (!(longest > 0))
    return '–';
  return gop > 0 && Math.abs(longest - gop) < 50 ? ms(longest) : `${gop > 0 ? ms(gop) : '–'}, longest ${ms(longest)}`;
}

function jumpWords({ jumps, last_jump_ms: size, last_jump_s: age }) {
  if (!isKnown(jumps))
    return '–';
  return isKnown(size) ? `${count(jumps)}, last ${size > 0 ? '+' : '−'}${ms(Math.abs(size))}, ${seconds(age)} ago` : count(jumps);
}

function drift(ppm) {
  return isKnown(ppm) ? `${ppm > 0 ? '+' : ppm < 0 ? '−' : ''}${count(Math.abs(ppm))} ppm` : '–';
}

function lead(n) {
  if (!isKnown(n))
    return '–';
  return n === 0 ? '0 ms' : `${ms(Math.abs(n))} ${n > 0 ? 'ahead' : 'behind'}`;
}

function losses({ packets, packets_disordered: disordered }) {
  return packets > 0 && isKnown(disordered) ? percent(disordered / packets) : '–';
}

/**
 * @param {object} measured of the ingest
 * @returns {{name: string, value: string, title: string}[]} in the order in which they are shown
 */
export function encoderFacts(measured) {
  const m = measured;
  return [
    { name: 'Bit rate', value: bits(m.bitrate_10s_bps), title: `Mean of ten seconds; the last second: ${bits(m.bitrate_1s_bps)}` },
    { name: 'Pictures', value: rate(m), title: 'Per second of media, over ten seconds' },
    { name: 'Key frames', value: keyFrames(m), title: 'Distance of the last two, and the longest of the last minute' },
    { name: 'Pace', value: isKnown(m.media_rate) ? `${m.media_rate.toFixed(2)}×` : '–', title: 'Seconds of media that come in a second' },
    { name: 'Lateness', value: ms(m.lateness_p95_ms), title: '95 of 100 frames of ten seconds were no later, against the most punctual' },
    { name: 'Round trip', value: ms(m.rtt_ms), title: 'Of the connection, as the kernel measures it' },
    { name: 'Disordered', value: losses(m), title: 'Packets that came out of order, of all: what comes behind a lost one' },
    { name: 'Audio against video', value: lead(m.audio_lead_ms), title: 'Time stamps that come at the same moment' },
    { name: 'Clock', value: drift(m.clock_drift_ppm), title: 'The encoder\'s against this system\'s; known after two minutes' },
    { name: 'Jumps', value: jumpWords(m), title: 'Of time stamps' },
    { name: 'Missing', value: isKnown(m.missing_frames) ? plural(m.missing_frames, 'picture') : '–', title: 'That a constant frame rate would have had' },
    { name: 'Late', value: isKnown(m.late_frames) ? plural(m.late_frames, 'frame') : '–', title: 'By more than half a second' },
  ];
}

/** What is wrong, the worse first; half-told ones are left out. */
export function warningsOf(published) {
  const known = (published?.warnings ?? []).filter(({ id, text }) => id && text);
  return [...known.filter(isSevere), ...known.filter((one) => !isSevere(one))];
}

/** Whether viewers notice, or will soon. */
export function isSevere({ severity }) {
  return severity === 'degraded';
}

/** What the ingest tells of a stream of the chain. @returns {object|null} */
export function publishedOf(chain, name) {
  return chain.ingest?.streams.find((one) => one.name === name) ?? null;
}

/** The others that send the stream: "OBS 30, in reserve (key main): the better one is in time" */
export function reserveWords({ encoder, peer, key_id: key, why }) {
  const who = encoder || peer || 'An encoder';
  return `${who}${key ? ` (key ${key})` : ''} stands by${why ? `: ${why}` : ''}`;
}
