/** How many polls of one second a visit waits for what others hold, by default. Apart, since visiting loads the AWS SDK. */
export const DEFAULT_WAIT_S = 10;
