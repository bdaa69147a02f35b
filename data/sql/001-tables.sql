-- 001: incidents with their timeline, findings, history, pictures and the delivery log.
-- Times are microseconds since the epoch, 0: not yet. Rows are those of src/store/rows.h.
-- auto_vacuum and journal_mode are set by src/store/database.c before this runs.

PRAGMA application_id = 1431524441;

-- "id-limit": ids below it may have been given to somebody.
CREATE TABLE numbers (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
  id TEXT NOT NULL PRIMARY KEY,
  stream TEXT NOT NULL,
  stream_name TEXT,
  state TEXT NOT NULL,
  fingerprint TEXT,
  health TEXT,
  reason TEXT,
  cause TEXT,
  snapshot TEXT,
  acknowledged_by TEXT,
  opened_us INTEGER NOT NULL,
  acknowledged_us INTEGER NOT NULL,
  recovering_us INTEGER NOT NULL,
  resolved_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  n_reopened INTEGER NOT NULL,
  is_flapping INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_by_time ON incidents (opened_us, id);
CREATE INDEX incidents_by_stream ON incidents (stream, opened_us, id);
CREATE INDEX incidents_by_state ON incidents (state, opened_us, id);
CREATE INDEX incidents_active ON incidents (opened_us, id) WHERE state <> 'resolved';
CREATE INDEX incidents_resolved ON incidents (updated_us) WHERE state = 'resolved';

CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  incident TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  author TEXT,
  text TEXT,
  wall_us INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_incident ON notes (incident, id);

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT,
  source TEXT,
  text TEXT,
  data TEXT,
  incident TEXT,
  thumbnail TEXT,
  rendition INTEGER NOT NULL,
  wall_us INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_stream ON events (stream, id);
CREATE INDEX events_by_stream_kind ON events (stream, kind, id, wall_us);
CREATE INDEX events_by_kind ON events (kind, id, wall_us);
CREATE INDEX events_by_stream_time ON events (stream, wall_us, id);
CREATE INDEX events_by_time ON events (wall_us, id);
CREATE INDEX events_by_incident ON events (incident, id) WHERE incident IS NOT NULL;

CREATE TABLE findings (
  id INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  check_word TEXT NOT NULL,
  severity TEXT,
  text TEXT,
  rendition INTEGER NOT NULL,
  value REAL,
  limit_value REAL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  closed_us INTEGER NOT NULL,
  count INTEGER NOT NULL
) STRICT;
CREATE INDEX findings_by_stream ON findings (stream, id);
CREATE INDEX findings_open ON findings (stream, id) WHERE closed_us = 0;
CREATE INDEX findings_closed ON findings (closed_us) WHERE closed_us > 0;

CREATE TABLE rollups (
  stream TEXT NOT NULL,
  minute_us INTEGER NOT NULL,
  n_segments INTEGER NOT NULL,
  n_segment_errors INTEGER NOT NULL,
  n_playlists INTEGER NOT NULL,
  n_playlist_errors INTEGER NOT NULL,
  ttfb_avg REAL,
  ttfb_p95 REAL,
  ttfb_max REAL,
  ratio_avg REAL,
  ratio_min REAL,
  latency_avg REAL,
  bytes INTEGER NOT NULL,
  health TEXT,
  healthy_s REAL,
  degraded_s REAL,
  unhealthy_s REAL,
  no_data_s REAL,
  is_maintenance INTEGER NOT NULL,
  PRIMARY KEY (stream, minute_us)
) STRICT, WITHOUT ROWID;

-- The pictures stand apart, so that lists never walk over them.
CREATE TABLE thumbnails (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  stream TEXT NOT NULL,
  wall_us INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  reason TEXT
) STRICT;
CREATE INDEX thumbnails_by_stream ON thumbnails (stream, wall_us, number);

CREATE TABLE pictures (
  thumbnail INTEGER PRIMARY KEY REFERENCES thumbnails (number) ON DELETE CASCADE,
  jpeg BLOB NOT NULL
) STRICT;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  message TEXT,
  channel TEXT,
  target TEXT,
  event TEXT,
  incident TEXT,
  attempt INTEGER NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT,
  wall_us INTEGER NOT NULL
) STRICT;

-- Streams that were removed while they had events: those up to the id are gone for readers and go
-- from the file in batches.
CREATE TABLE removals (
  stream TEXT NOT NULL PRIMARY KEY,
  last_event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
