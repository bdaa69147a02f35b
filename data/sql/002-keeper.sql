-- 002: who keeps an event or a picture alive.
-- With 001 only the column "incident" tied an event to its incident, so the five minutes before an
-- incident, and the pictures its events show, went with the limits per stream while the incident
-- stayed. The keeper is the incident that holds a row: retention spares the row as long as the
-- incident is there, and takes it with it.

ALTER TABLE events ADD COLUMN keeper TEXT;
ALTER TABLE thumbnails ADD COLUMN keeper TEXT;

UPDATE events SET keeper = incident
  WHERE incident IN (SELECT id FROM incidents);
UPDATE events SET keeper =
    (SELECT i.id FROM incidents i
     WHERE i.stream = events.stream
       AND events.wall_us BETWEEN i.opened_us - 300000000 AND i.opened_us
     ORDER BY i.opened_us LIMIT 1)
  WHERE keeper IS NULL;

CREATE INDEX events_by_thumbnail ON events (thumbnail) WHERE thumbnail IS NOT NULL;
CREATE INDEX events_by_keeper ON events (keeper, id) WHERE keeper IS NOT NULL;
UPDATE thumbnails SET keeper =
    (SELECT e.keeper FROM events e
     WHERE e.thumbnail = thumbnails.id AND e.keeper IS NOT NULL ORDER BY e.id LIMIT 1);
CREATE INDEX thumbnails_by_keeper ON thumbnails (keeper, number) WHERE keeper IS NOT NULL;

-- Retention walks these without a look at the table.
DROP INDEX events_by_stream;
DROP INDEX events_by_stream_time;
DROP INDEX thumbnails_by_stream;
CREATE INDEX events_by_stream ON events (stream, id, keeper);
CREATE INDEX events_by_stream_time ON events (stream, wall_us, id, keeper);
CREATE INDEX thumbnails_by_stream ON thumbnails (stream, wall_us, number, keeper);
