#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# browser.sh AUTOMFM PIPELINE: runs a pipeline and opens its report.html in headless Chromium: nothing is loaded or complained
# of, every section is there, nothing is wider than a phone, and it can be printed.
set -euo pipefail
automfm=$1 pipeline=$2
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "skipped: there is no Chromium (Debian package chromium)"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  printf 'report_browser: %s\n' "$*" >&2
  exit 1
}
browse() { # OPTIONS... PAGE
  timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --user-data-dir="$work/profile" --enable-logging=stderr --v=0 "$@" 2>"$work/log" ||
    fail "Chromium failed: $(tail -n 5 "$work/log")"
}

"$automfm" run "$pipeline" --out "$work/run" --quiet --set 'stimulation.levels.rate=["20 Hz", "30 Hz"]' --set transfer.seconds=5 >"$work/run.log" || (($? == 1))
page=$work/run/report.html
[[ -s $page ]] || fail "the run left no report.html"
cp "$page" "$work/first.html"
"$automfm" report "$work/run" >/dev/null
cmp "$work/first.html" "$page" || fail "automfm report writes other bytes than the run did"
ls -l "$page"

# Moved away from its folder: it needs no other file.
cp "$page" "$work/alone.html"
browse --dump-dom "file://$work/alone.html" >"$work/dom.html"
! grep -E 'CONSOLE|ERR_|Refused to' "$work/log" || fail "the browser complains"
for id in verdict glance circuit transfer rates equations times origin; do
  grep -q "<section id=\"$id\"" "$work/dom.html" || fail "section '$id' is missing"
done
grep -q '<svg class="circuit"' "$work/dom.html" || fail "the circuit is missing"
grep -q '<math' "$work/dom.html" || fail "there is no MathML"
((!$(grep -cE '(src|href)="(https?:)?//' "$work/dom.html"))) || fail "the page leads out of the folder"
! grep -oE ' id="[^"]*"' "$work/dom.html" | sort | uniq -d | grep . || fail "identifiers are not unique"

# What the page measures at 360 pixels, told by a script in a copy; the copy is in a frame, as no window is that narrow.
{
  grep -v Content-Security-Policy "$page"
  echo '<script>document.querySelectorAll("details").forEach(d => d.open = true);
    document.title = "width " + document.documentElement.scrollWidth + " of " + document.documentElement.clientWidth;
    parent.postMessage(document.title, "*");</script>'
} >"$work/narrow.html"
echo '<!DOCTYPE html><iframe src="narrow.html" width="360" height="800" style="border:0"></iframe>
  <script>onmessage = e => document.body.append(e.data)</script>' >"$work/frame.html"
browse --allow-file-access-from-files --virtual-time-budget=5000 --dump-dom "file://$work/frame.html" >"$work/frame.dom"
grep -qE 'width ([0-9]+) of \1\b' "$work/frame.dom" || fail "at 360 pixels the page is wider: $(grep -o 'width [0-9]* of [0-9]*' "$work/frame.dom" || tail -c 300 "$work/frame.dom")"

shoot() { # NAME WIDTH
  browse --window-size="$2,2000" --screenshot="$work/$1.png" "file://$page"
  (($(stat -c %s "$work/$1.png") > 30000)) || fail "the picture at $2 pixels is empty"
}
shoot wide 1280
browse --window-size=500,2000 --screenshot="$work/narrow.png" "file://$work/frame.html"
(($(stat -c %s "$work/narrow.png") > 20000)) || fail "the picture at 360 pixels is empty"
browse --no-pdf-header-footer --print-to-pdf="$work/print.pdf" "file://$page"
(($(stat -c %s "$work/print.pdf") > 30000)) || fail "the printed page is empty"
if [[ -n ${REPORT_PICTURES:-} ]]; then cp "$work"/*.png "$work/print.pdf" "$REPORT_PICTURES"; fi
echo "the report is complete, silent, narrow enough and printable"
