import { startBoard } from "./board.js";
import { NOW } from "./board-now.js";
import { MEETING } from "./board-meeting.js";
import { startDeeds } from "./deeds.js";

startDeeds();
startBoard({ now: NOW, meeting: MEETING });
