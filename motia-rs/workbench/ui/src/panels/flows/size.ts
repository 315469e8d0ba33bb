/** How large a step is drawn, in pixels. */

export const WIDTH = 216
export const HEIGHT = 84
