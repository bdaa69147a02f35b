-- 003: messages that a receiver has not taken yet, so that a restart does not lose them.
-- A row is there from the moment something is to be told until it was delivered or given up.

CREATE TABLE outgoing (
  message TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL,
  event TEXT NOT NULL,
  incident TEXT,
  body TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  wall_us INTEGER NOT NULL
) STRICT;
CREATE INDEX outgoing_by_time ON outgoing (wall_us, message);
