#!/bin/sh
# Makes the two files that src/files/clip embeds. Needs ffmpeg with libx264; the result is committed, so that no build
# needs it.
#
#   frames.h264   one test picture (SMPTE bars, 320x180) as two H.264 key frames of equal length, one after the other,
#                 each as an MP4 sample (NAL units with a length of four bytes before each)
#   frames.avcc   their decoder configuration (the body of an `avcC` box)
#
# Two frames, because H.264 (7.4.3, idr_pic_id) wants two key frames that follow each other to have different numbers:
# the clip plays them in turn. Equal length, because the clip's sample table has one size for all. x264's own banner
# (a SEI message, type 6) goes; the frame rate becomes a hint, for the clip shows a frame as long as it likes.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ffmpeg -v error -f lavfi -i smptebars=size=320x180:rate=25 -frames:v 2 -pix_fmt yuv420p \
    -c:v libx264 -threads 1 -profile:v baseline -preset veryslow -qp 26 -g 1 -flags +global_header \
    -bsf:v filter_units=remove_types=6,h264_metadata=fixed_frame_rate_flag=0 -f mp4 "$work/pair.mp4"

# "size,position" of each frame; they must be neighbours of one size.
set -- $(ffprobe -v error -show_entries packet=size,pos -of csv=p=0 "$work/pair.mp4")
size=${1%,*} first=${1#*,}
if [ "$#" -ne 2 ] || [ "$2" != "$size,$((first + size))" ]; then
    echo "make-frames: not two neighbours of one size: $*; try another -qp" >&2
    exit 1
fi
slice() { tail -c "+$(($1 + 1))" "$work/pair.mp4" | head -c "$2"; }
slice "$first" "$((2 * size))" >frames.h264

# The box: its size (four bytes) stands before the name.
name=$(grep -abo avcC "$work/pair.mp4" | head -n 1 | cut -d : -f 1)
length=$(slice "$((name - 4))" 4 | od -An -tu1 | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
slice "$((name + 4))" "$((length - 8))" >frames.avcc
