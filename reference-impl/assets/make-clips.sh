#!/bin/sh
# Makes the two clips that src/demo.rs embeds, and one for tests. Needs ffmpeg with libx264 and libx265; the result is committed, so that no
# build needs it.
#
#   h264-aac.mp4    30 s of a test picture, H.264 with B-frames, and AAC: what most cameras record
#   h265-alaw.mov   20 s, H.265, and G.711 A-law, the sound of GB/T 28181; a QuickTime file, since MP4 has no name for A-law
#   fragments.mp4   4 s, H.264 and AAC, a fragment for every key frame
#
# In all of them a white square stands in the upper left corner, and a tone sounds, for the first fifth of every second: so a
# test can see whether picture and sound are in step. Key frames stand two seconds apart.
set -eu
cd "$(dirname "$0")"

picture='drawbox=x=0:y=0:w=32:h=32:color=black:t=fill,drawbox=x=0:y=0:w=32:h=32:color=white:t=fill:enable=lt(mod(t\,1)\,0.19)'
tone='0.4*sin(2*PI*1000*t)*lt(mod(t\,1)\,0.2)'
exact='-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -threads 1'

# shellcheck disable=SC2086
ffmpeg -v error -y -f lavfi -i "testsrc=size=320x180:rate=25:duration=30,$picture" \
    -f lavfi -i "aevalsrc=$tone:sample_rate=16000:duration=30" $exact \
    -c:v libx264 -preset veryslow -crf 30 -pix_fmt yuv420p -bf 2 \
    -x264-params keyint=50:min-keyint=50:scenecut=0:open-gop=0 \
    -c:a aac -b:a 16k -movflags +faststart h264-aac.mp4

# shellcheck disable=SC2086
ffmpeg -v error -y -f lavfi -i "testsrc=size=320x180:rate=25:duration=20,$picture" \
    -f lavfi -i "aevalsrc=$tone:sample_rate=8000:duration=20" $exact \
    -c:v libx265 -preset slow -crf 32 -pix_fmt yuv420p -tag:v hvc1 \
    -x265-params log-level=none:keyint=50:min-keyint=50:scenecut=0:open-gop=0:pools=1:frame-threads=1 \
    -c:a pcm_alaw -movflags +faststart h265-alaw.mov

# shellcheck disable=SC2086
ffmpeg -v error -y -f lavfi -i "testsrc=size=96x64:rate=10:duration=4,$picture" \
    -f lavfi -i "aevalsrc=$tone:sample_rate=8000:duration=4" $exact \
    -c:v libx264 -preset veryslow -crf 40 -pix_fmt yuv420p -bf 2 \
    -x264-params keyint=10:min-keyint=10:scenecut=0:open-gop=0 \
    -c:a aac -b:a 8k -movflags frag_keyframe+empty_moov+default_base_moof fragments.mp4
