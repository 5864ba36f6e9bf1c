import { $ } from "./page.js";
import { t } from "./words.js";
import { shownNow, startBoard, tell } from "./board.js";
import { DAY_VIEW, search } from "./board-day.js";
import { AHEAD } from "./board-ahead.js";
import { WEEK, saveFigures } from "./board-week.js";

$("csv").addEventListener("click", async () => {
  if (!await saveFigures(shownNow().what)) tell(() => t("week.no_csv"), "bad");
});
$("search").addEventListener("input", search);
startBoard({ day: DAY_VIEW, ahead: AHEAD, week: WEEK });
