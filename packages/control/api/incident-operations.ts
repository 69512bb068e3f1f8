/** Incidents over the local API. In: what to open or close. Out: it, in force and in the ledger. */
import {
  incidentClosing,
  incidentRequest,
  type IncidentsResponse,
  type IncidentView,
} from "@cordon/core/contract/incident-api";
import { closeIncident, listIncidents, openIncident, type IncidentRooms } from "../incidents/incidents.ts";
import { checked } from "./local-exchange.ts";

const actor = "local-administrator";

/** Operations by path and method. */
export function incidentOperations(rooms: IncidentRooms) {
  return {
    "/v1/incidents": {
      GET: async (): Promise<IncidentsResponse> => ({ incidents: [...(await listIncidents(rooms))] }),
      POST: (body: unknown): Promise<IncidentView> => openIncident(rooms, checked(incidentRequest, body), actor),
    },
    "/v1/incidents/close": {
      POST: (body: unknown): Promise<IncidentView> => closeIncident(rooms, checked(incidentClosing, body), actor),
    },
  };
}
