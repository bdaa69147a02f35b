"""test_rehearsal.py - a drill with the configuration of a chain that runs, beside that chain."""

import os
import subprocess
import unittest

import chain
import foreign


class BesideALiveChain(unittest.TestCase):
    """`run --print-config > my.conf; run --config my.conf; drill run NAME --config my.conf`"""

    def print_config(self, one):
        """The file that the running chain could have been started with: all of its places."""
        done = subprocess.run(
            [chain.BINARY, "run", "--print-config", "--config", one.home / "understudy.conf"],
            check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        path = one.home / "my.conf"
        path.write_bytes(done.stdout)
        return path

    def test_its_relays_are_its_own(self):
        primary, backup = foreign.free_ports(2)
        settings = {
            "packager-primary": {"rtmp": f"127.0.0.1:{primary}"},
            "packager-backup": {"rtmp": f"127.0.0.1:{backup}"},
            "ingest": {"relay": f"rtmp://127.0.0.1:{primary}/live;rtmp://127.0.0.1:{backup}/live"},
        }
        with chain.Chain(settings, publish=True) as one:
            one.wait_playable()
            config = self.print_config(one)
            self.assertIn(f"\nrelay={settings['ingest']['relay']}\n", config.read_text())
            relays = one.log().count("[relay-up]")
            self.assertGreaterEqual(relays, 4)  # both ends of both tell it
            evidence = one.home / "evidence"
            done = subprocess.run(
                [chain.BINARY, "drill", "run", "refuse", "--config", config, "--evidence", evidence],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env={**os.environ, "HOME": str(one.home), "TMPDIR": str(one.home),
                     "UNDERSTUDY_PIPELINES": str(chain.ROOT / "pipelines")})
            # Whether a viewer of it felt something is another test's; here it has to be played.
            self.assertIn(done.returncode, (0, 1), done.stdout)
            self.assertIn("the pair is whole", (evidence / "01-refuse" / "summary.txt").read_text())
            self.assertEqual(one.log().count("[relay-up]"), relays)
            self.assertNotIn("DISCONTINUITY\n", chain.get(one.viewer_url())[1].decode())
            self.assertEqual(one.metric("understudy_switcher_failovers_total"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
