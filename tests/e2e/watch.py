"""watch.py - a strict viewer (viewer.py) in a thread, for tests that break something meanwhile"""
import threading

import chain
import viewer


class Watch:
    """Begins at once; stop() returns the report. Keyword arguments are the viewer's."""

    def __init__(self, url, **kwargs):
        self.viewer = viewer.Viewer(url, **kwargs)
        self.report = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        self.report = self.viewer.run()

    def wait_segments(self, more):
        chain.wait_for("the first segment", lambda: self.viewer.last_number is not None)
        target = self.viewer.last_number + more
        chain.wait_for(f"{more} more segments", lambda: self.viewer.last_number >= target)

    def stop(self):
        self.viewer.stop()
        self.thread.join()
        return self.report
