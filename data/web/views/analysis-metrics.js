// analysis-metrics.js - the charts: what each one shows, in which unit, and what is bad in it

import { bits, count, ms, ratio, seconds } from '../lib/format.js';
import { axisFromZero, axisOfRatio } from './analysis-ticks.js';

function perMinute(n) {
  if (n === null || n === undefined)
    return '–';
  return `${Number(n.toFixed(n < 10 ? 1 : 0))}/min`;
}

function throughput(n) {
  if (n === null || n === undefined || (n >= 1 && n < 100))
    return ratio(n);
  if (n >= 100)
    return `${count(n)}×`;
  return n < 0.01 ? '< 0.01×' : `${Number(n.toPrecision(2))}×`;
}

/**
 * In the order of the page. `shape`: line or bars; `hasRange`: lowest and highest are known as well;
 * `worst`: which end is the bad one, null: neither; `tone`: the token of its colour.
 */
export const METRICS = [
  { key: 'ttfb', title: 'First byte', shape: 'line', hasRange: true, worst: 'max', tone: 'accent', text: ms,
    about: 'How long a segment took to begin: the mean of each point, and its range',
    axis: (low, high) => axisFromZero(low, high, { least: 10 }) },
  { key: 'ratio', title: 'Throughput ratio', shape: 'line', hasRange: true, worst: 'min', tone: 'accent',
    text: throughput, isLogarithmic: true, rule: { value: 1, text: 'Below 1 playback stalls' },
    about: 'Seconds of media for each second of download: the mean of each point, and its range',
    axis: axisOfRatio },
  { key: 'errors', title: 'Errors', shape: 'bars', hasRange: false, worst: 'max', tone: 'unhealthy-bar',
    text: perMinute, about: 'Failed fetches of segments and playlists in a minute',
    axis: (low, high) => axisFromZero(low, high, { least: 1, isWhole: true }) },
  { key: 'latency', title: 'Live latency', shape: 'line', hasRange: false, worst: 'max', tone: 'accent',
    text: seconds, about: 'How far the newest segment is behind the clock, by the date in the playlist',
    axis: (low, high) => axisFromZero(low, high, { least: 2 }) },
  { key: 'bits', title: 'Bit rate fetched', shape: 'line', hasRange: false, worst: null, tone: 'accent', text: bits,
    about: 'What the desk fetched of all renditions it watches',
    axis: (low, high) => axisFromZero(low, high, { least: 1000 }) },
  { key: 'segments', title: 'Segments', shape: 'bars', hasRange: false, worst: null, tone: 'accent',
    text: perMinute, about: 'Segments fetched in a minute',
    axis: (low, high) => axisFromZero(low, high, { least: 1, isWhole: true }) },
];

/** For one track with its range, or for the lines of several. */
export function axisOf(metric, tracks) {
  let [low, high] = [null, null];
  for (const track of tracks) {
    const [lows, highs] = tracks.length > 1 ? [track.mean, track.mean] : [track.low, track.high];
    for (let i = 0; i < lows.length; i++) {
      if (lows[i] !== null && (low === null || lows[i] < low) && (!metric.isLogarithmic || lows[i] > 0))
        low = lows[i];
      if (highs[i] !== null && (high === null || highs[i] > high))
        high = highs[i];
    }
  }
  return metric.axis(low, high);
}

/** "84 ms, from 60 ms to 1.2 s", "84 ms, up to 1.2 s", or "84 ms" where that is all */
export function valueText(metric, track, index) {
  if (index < 0)
    return 'nothing known';
  const [mean, low, high] = [track.mean, track.low, track.high].map((values) => metric.text(values[index]));
  if (!metric.hasRange || (low === mean && high === mean))
    return mean;
  if (low === mean)
    return `${mean}, up to ${high}`;
  return high === mean ? `${mean}, down to ${low}` : `${mean}, from ${low} to ${high}`;
}
