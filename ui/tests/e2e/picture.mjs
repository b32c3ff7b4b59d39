// What a picture is like once it is decoded.
import { execFileSync } from 'node:child_process'

/** The size of a picture in pixels, and how much its samples differ (0: it is blank). */
export function look(bytes) {
  const options = { input: bytes, maxBuffer: 1 << 26 }
  const probe = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', '-']
  const [width, height] = execFileSync('ffprobe', probe, options).toString().trim().split(',').map(Number)
  const samples = execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], options)
  let sum = 0
  let squares = 0
  for (const s of samples) {
    sum += s
    squares += s * s
  }
  const mean = sum / samples.length
  return { width, height, variance: squares / samples.length - mean * mean }
}
