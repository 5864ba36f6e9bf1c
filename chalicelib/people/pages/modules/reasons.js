import { pick } from "./page.js";
import { t } from "./words.js";

const REASONS = {
  NO_SHOW_TIMEOUT: "ended.no_show",
  PARTIAL_NO_SHOW_TIMEOUT: "ended.partial_no_show",
  "15_MIN_SUCCESS": "ended.early_success",
  SUCCESS: "ended.success",
  MAX_DURATION: "ended.max_duration",
  PARTIAL_UPLOAD_TIMEOUT: "ended.partial_upload",
  LAUNCH_FAILED: "ended.launch_failed",
  DESKTOPS_GONE: "ended.desktops_gone",
  CANCELLED: "ended.cancelled",
};

/* Why a meeting has ended, in words. */
export function reasonWords(reason) {
  return t(pick(REASONS, reason) || "ended.unknown");
}
